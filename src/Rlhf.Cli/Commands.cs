using System.CommandLine;
using Rlhf.Cli.Doctor;
using Rlhf.Cli.Engine;
using Rlhf.Cli.Events;
using Rlhf.Cli.Instances;
using Rlhf.Cli.Prompts;
using Rlhf.Cli.Rounds;
using Rlhf.Cli.Schedules;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Tracking;
using Rlhf.Cli.Workflows;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Hosting;

namespace Rlhf.Cli;

/// <summary>Every verb with its options and help; what they do stands in the folder of its noun.</summary>
static partial class Commands
{
    static readonly Option<string> Store = new("--store")
    {
        Description = "Folder of the store: artifacts, records, workflow state. Default: RLHF_STORE, or .rlhf.",
        DefaultValueFactory = _ => Settings.Store,
        Recursive = true,
    };

    static readonly Option<bool> Json = new("--json") { Description = "One JSON document on the output; logs go to the error stream.", Recursive = true };

    public static RootCommand Root() =>
        new("RLHF rounds for .NET: sample, compare, fit a reward model, PPO, gate, promote. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a promotion refused by its gate, 4 waiting for people or approval.")
        {
            Store, Json, Round(), Campaign(), Run(), Serve(), Worker(), Instances(), Schedules(), Events(), Artifacts(), ModelsOf(), PromptSets(), JudgementsOf(), GateOf(), ReportOf(), Promote(), RollbackOf(), PromotionsOf(), RewardsOf(), KeysOf(), StepsOf(), TrackingOf(), OveroptimizationOf(), DoctorOf(),
        };

    static Command Round()
    {
        var (options, read) = RoundOptionsOf();
        Option<bool> same = new("--same") { Description = "Replay the first round with these inputs, from the cache." };
        Command command = new("round", "Run one round to a decision, or go on with the one that was interrupted.") { same };
        foreach (var option in options) command.Options.Add(option);
        command.Does((parsed, cancellation) => RoundCommand.RunAsync(read(parsed) with { Same = parsed.GetValue(same) }, cancellation));
        return command;
    }

    static Command Campaign()
    {
        var (options, read) = RoundOptionsOf();
        Option<int> rounds = new("--rounds") { Description = "How many rounds at most.", DefaultValueFactory = _ => 3 };
        Option<int> rejections = new("--rejections") { Description = "How many rejections in a row end it.", DefaultValueFactory = _ => 1 };
        Option<double?> leastGain = new("--least-gain") { Description = "Gold gain, in standard deviations, that the best checkpoint of a round must exceed for another round; counts only where klGrid makes checkpoints. Default: 0." };
        Command command = new("campaign", "Run rounds until their budget is used up, the gate says no or the monitor sees no gain, or go on with the interrupted campaign.") { rounds, rejections, leastGain };
        foreach (var option in options) command.Options.Add(option);
        command.Does((parsed, cancellation) => CampaignCommand.RunAsync(read(parsed), parsed.GetValue(rounds), parsed.GetValue(rejections), parsed.GetValue(leastGain), cancellation));
        return command;
    }

    static Command Serve()
    {
        Option<string?> queues = new("--queues") { Description = "How many steps of each queue run here at once, such as gpu=1,cpu=4. Default: one of each." };
        Option<bool> wait = new("--wait") { Description = "Where another process drives the store, wait until it is done instead of being refused." };
        Option<string> urls = new("--urls")
        {
            Description = "Where the pages are, with ; between several addresses. Anything but loopback needs a key (rlhf keys create) or an OpenID Connect issuer (RLHF_OIDC_ISSUER).",
            DefaultValueFactory = _ => ServerOptions.DefaultUrl,
        };
        Option<bool> noPages = new("--no-pages") { Description = "Serve no pages." };
        Option<string?> elsa = new("--elsa")
        {
            Description = "The API of an Elsa server, such as http://127.0.0.1:5090/elsa/api, whose workflows Studio shows, in the place of this store's; without an address that of RLHF_ELSA_URL. It is asked with the token of RLHF_ELSA_TOKEN.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> fireSchedules = new("--fire-schedules") { Description = "With --elsa: fire the store's schedules all the same, instead of leaving what is due to the Elsa server." };
        Command command = new("serve", "Drive the store, fire its schedules, run steps and serve the labeling page, until stopped.") { queues, wait, urls, noPages, elsa, fireSchedules };
        command.Does((parsed, cancellation) => ServeCommand.ServeAsync(
            parsed.GetValue(Store)!, parsed.GetValue(queues), parsed.GetValue(wait), parsed.GetValue(noPages) ? null : parsed.GetValue(urls),
            parsed.GetResult(elsa) is null ? null : Settings.ElsaServer("--elsa without an address", parsed.GetValue(elsa)),
            parsed.GetValue(fireSchedules), cancellation));
        return command;
    }

    static Command Worker()
    {
        Option<string> queues = new("--queues") { Description = "Queues to run steps of, such as gpu,cpu or cpu=4.", DefaultValueFactory = _ => "gpu,cpu" };
        Option<EngineKind> engine = new("--engine") { Description = "Whose steps: embedded, of a store that another process drives (PostgreSQL: RLHF_DATABASE), or elsa, of Elsa hosts over the store." };
        Command command = new("worker", "Run steps for another process.") { queues, engine };
        command.Does((parsed, cancellation) => parsed.GetValue(engine) == EngineKind.Elsa
            ? ElsaWorkCommand.WorkAsync(parsed.GetValue(Store)!, parsed.GetValue(queues)!, cancellation)
            : ServeCommand.WorkAsync(parsed.GetValue(Store)!, parsed.GetValue(queues)!, cancellation));
        return command;
    }

    /// <summary>What rounds and campaigns are asked for, and how it is read.</summary>
    static (IReadOnlyList<Option> Options, Func<ParseResult, RoundOptions> Read) RoundOptionsOf()
    {
        Option<string?> preset = new("--preset") { Description = "HParams: a name in workflows/presets or a file. Without it: default, with --policy pretrained." };
        Option<string?> policy = new("--policy") { Description = "Model to start from: a folder (Hugging Face or llama2.c) or an artifact. Without it a small one is trained from scratch." };
        Option<string?> prompts = new("--prompts") { Description = "Prompts: a file (.txt, .jsonl, .json), an artifact, or a name such as prompts@latest. Without it prompts are generated." };
        Option<string?> labeler = new("--labeler") { Description = "Who judges: simulated; file (people, by rlhf judgements export and answer or in the browser, at rlhf serve's /label); argilla or label-studio (people in these programs); judge (an AI judge, RLHF_JUDGE_URL and RLHF_JUDGE_MODEL); reward-model or policy (a model of the store, --judge). Exit code 4 while people are waited for. Must be named with a policy or prompts of your own." };
        Option<string?> judge = new("--judge") { Description = "With --labeler reward-model or policy: the model that judges, an artifact or a name such as reward-model@latest." };
        Option<string?> gate = new("--gate") { Description = "Criteria of promotion: a name in workflows/gates or a file. Without it: sandbox in the environment sandbox (RLHF_ENVIRONMENT), default elsewhere." };
        Option<string?> texts = new("--texts") { Description = "Held-out text, which no training may have seen, for what the challenger forgot: a file (.txt, .jsonl, .json) or an artifact. Without it: what the reference policy writes." };
        Option<long> seed = new("--seed") { Description = "Seed of the campaign.", DefaultValueFactory = _ => 1 };
        Option<bool> forgetting = new("--accept-forgetting") { Description = "With a reward model as --policy: take its backbone although it became more than 2 % worse as a language model." };
        Option<bool> probe = new("--probe") { Description = "Probe the reward model by best-of-n before PPO; where its best are not for certain better, the round stops there and keeps what was judged." };
        return ([preset, policy, prompts, labeler, judge, texts, gate, seed, forgetting, probe], parsed => new(
            parsed.GetValue(Store)!, parsed.GetValue(preset), parsed.GetValue(policy), parsed.GetValue(prompts), parsed.GetValue(labeler),
            parsed.GetValue(seed), Same: false, parsed.GetValue(Json))
        { AcceptForgetting = parsed.GetValue(forgetting), Judge = parsed.GetValue(judge), Texts = parsed.GetValue(texts), Gate = parsed.GetValue(gate), Probe = parsed.GetValue(probe) });
    }

    static Command Run()
    {
        Argument<string> workflow = new("workflow") { Description = "A workflow file, or a name in workflows." };
        Option<string[]> inputs = new("--input") { Description = "An input of the workflow: name=value. May stand several times." };
        Option<string?> preset = new("--preset") { Description = "HParams for the workflow's input 'preset': a name in workflows/presets or a file." };
        Option<bool> lint = new("--lint") { Description = "Only check the file." };
        Option<EngineKind> engine = new("--engine") { Description = "Which engine runs it: embedded, in this store, or elsa, the Elsa server of RLHF_ELSA_URL." };
        Command command = new("run", "Run any workflow file, after checking it.") { workflow, inputs, preset, lint, engine };
        Act(command, (workspace, parsed, json, cancellation) => RunCommand.RunAsync(
            workspace, parsed.GetValue(workflow)!, parsed.GetValue(inputs) ?? [], parsed.GetValue(preset), parsed.GetValue(lint), parsed.GetValue(engine), json, cancellation));
        return command;
    }

    static Command Instances()
    {
        Argument<string> id = new("id") { Description = "Id of the instance (rlhf instances list)." };
        Option<WorkflowStatus?> status = new("--status") { Description = "Only those that are: running, suspended, finished, faulted, cancelled." };
        Option<string?> definition = new("--definition") { Description = "Only those of this workflow." };
        Option<int> take = new("--take") { Description = "How many at most.", DefaultValueFactory = _ => 50 };
        Option<int> skip = new("--skip") { Description = "How many of the newest to leave out.", DefaultValueFactory = _ => 0 };
        Argument<string[]> values = new("values") { Description = "Variables of the workflow with their new values: name=value.", Arity = ArgumentArity.OneOrMore };
        Option<bool> accept = new("--accept-step-version") { Description = "Go on even where a step's version was raised since the instance began." };
        var list = new Command("list", "Instances, the newest first.") { status, definition, take, skip };
        var show = new Command("show", "One instance: status, progress, variables, failures.") { id };
        var logs = new Command("logs", "What happened to an instance, line by line.") { id };
        var resume = new Command("resume", "Go on with an interrupted instance.") { id };
        var retry = new Command("retry", "Run the failed step of an instance again and go on.") { id, accept };
        var set = new Command("set", "Give variables of an instance other values, for what runs from then on.") { id, values };
        var cancel = new Command("cancel", "End an instance for good.") { id };
        Act(list, (workspace, parsed, json, cancellation) => InstancesCommand.ListAsync(
            workspace, new(parsed.GetValue(take), parsed.GetValue(skip)) { Status = parsed.GetValue(status), DefinitionId = parsed.GetValue(definition) }, json, cancellation));
        Act(show, (workspace, parsed, json, cancellation) => InstancesCommand.ShowAsync(workspace, parsed.GetValue(id)!, json, cancellation));
        Act(logs, (workspace, parsed, json, cancellation) => InstancesCommand.LogsAsync(workspace, parsed.GetValue(id)!, json, cancellation));
        Act(resume, (workspace, parsed, json, cancellation) => InstancesCommand.ResumeAsync(workspace, parsed.GetValue(id)!, json, cancellation));
        Act(retry, (workspace, parsed, json, cancellation) => InstancesCommand.RetryAsync(workspace, parsed.GetValue(id)!, parsed.GetValue(accept), json, cancellation));
        Act(set, (workspace, parsed, json, cancellation) => InstancesCommand.SetAsync(workspace, parsed.GetValue(id)!, parsed.GetValue(values)!, json, cancellation));
        Act(cancel, (workspace, parsed, json, cancellation) => InstancesCommand.CancelAsync(workspace, parsed.GetValue(id)!, json, cancellation));
        return new("instances", "Running, waiting and finished workflows.") { list, show, logs, resume, retry, set, cancel };
    }

    static Command Schedules()
    {
        Argument<string> id = new("id") { Description = "Id of the workflow (rlhf schedules list)." };
        Option<string?> activity = new("--activity") { Description = "Only this trigger of the workflow." };
        var list = new Command("list", "Triggers of published workflows: when they are due, what they did last.");
        var run = new Command("run", "Start what the schedule starts, now.") { id, activity };
        var pause = new Command("pause", "Start nothing until resumed.") { id, activity };
        var resume = new Command("resume", "Start again, from the next due time.") { id, activity };
        Act(list, (workspace, _, json, cancellation) => SchedulesCommand.ListAsync(workspace, json, cancellation));
        Act(run, (workspace, parsed, json, cancellation) => SchedulesCommand.RunAsync(workspace, parsed.GetValue(id)!, parsed.GetValue(activity), json, cancellation));
        Act(pause, (workspace, parsed, json, cancellation) => SchedulesCommand.PauseAsync(workspace, parsed.GetValue(id)!, parsed.GetValue(activity), json, cancellation));
        Act(resume, (workspace, parsed, json, cancellation) => SchedulesCommand.ResumeAsync(workspace, parsed.GetValue(id)!, parsed.GetValue(activity), json, cancellation));
        return new("schedules", "Workflows that the clock or an event starts.") { list, run, pause, resume };
    }

    static Command Events()
    {
        Argument<string> name = new("name") { Description = "Name of the event; upper and lower case differ." };
        Option<string?> instance = new("--instance") { Description = "Only for this instance; kept until it waits for it. Without it: for all that wait now or within a minute." };
        Option<string?> payload = new("--payload") { Description = "JSON that the waiting activity gets as its result." };
        var send = new Command("send", "Wake what waits for an event, and start what it triggers.") { name, instance, payload };
        Act(send, (workspace, parsed, json, cancellation) => EventsCommand.SendAsync(
            workspace, parsed.GetValue(name)!, parsed.GetValue(instance), parsed.GetValue(payload), json, cancellation));
        return new("events", "Events for waiting workflows.") { send };
    }

    static Command PromptSets()
    {
        Argument<string> file = new("file") { Description = "Prompts: .txt (one a line), .jsonl or .json." };
        Option<string?> take = new("--take") { Description = "What of each text is the prompt: all or firstSentence; by default the first sentence of a JSON array of texts, otherwise all." };
        var add = new Command("add", "Make a versioned prompt set from a file.") { file, take };
        Act(add, (workspace, parsed, json, cancellation) => PromptsCommand.AddAsync(workspace, parsed.GetValue(file)!, parsed.GetValue(take), json, cancellation));
        return new("prompts", "Prompt sets.") { add };
    }

    static Command StepsOf()
    {
        Argument<string> step = new("step") { Description = "Name of the step, such as TrainRewardModel." };
        Option<FileInfo> input = new("--input") { Description = "A JSON object with the step's inputs and hparams.", Required = true };
        var list = new Command("list", "All steps; with --json their inputs, hparams and outputs.");
        var run = new Command("run", "Run one step alone.") { step, input };
        Act(list, (workspace, _, json, _) => Task.FromResult(StepsCommand.List(workspace, json)));
        Act(run, (workspace, parsed, json, cancellation) => StepsCommand.RunAsync(workspace, parsed.GetValue(step)!, parsed.GetValue(input)!, json, cancellation));
        return new("steps", "The steps of a round, one by one.") { list, run };
    }

    static Command TrackingOf()
    {
        var status = new Command("status", "What waits to be delivered to MLflow, and what of it differs there.");
        var send = new Command("send", "Deliver what is committed, now.");
        var repair = new Command("repair", "Deliver what waits, and project again what differs.");
        Act(status, (workspace, _, json, cancellation) => TrackingCommand.StatusAsync(workspace, json, cancellation));
        Act(send, (workspace, _, json, cancellation) => TrackingCommand.SendAsync(workspace, json, cancellation));
        Act(repair, (workspace, _, json, cancellation) => TrackingCommand.RepairAsync(workspace, json, cancellation));
        foreach (var command in new[] { status, send, repair }) command.Validators.Add(NeedsStore);
        return new("tracking", "The projection of the store into MLflow (MLFLOW_TRACKING_URI).") { status, send, repair };
    }

    static Command DoctorOf()
    {
        Option<bool> create = new("--create") { Description = "Make the container where it is missing." };
        Option<bool> webhook = new("--webhook") { Description = "Send a test notification to the webhook's receiver (RLHF_WEBHOOK_URL)." };
        Command command = new("doctor", "Check every configured service.") { create, webhook };
        command.Does((parsed, cancellation) => DoctorCommand.RunAsync(parsed.GetValue(Store)!, parsed.GetValue(create), parsed.GetValue(webhook), parsed.GetValue(Json), cancellation));
        return command;
    }

    static void NeedsStore(System.CommandLine.Parsing.CommandResult command)
    {
        if (ObjectStores.Container is null && command.GetValue(Store) is { } store && !Directory.Exists(store)) command.AddError($"There is no store '{store}'; rlhf round makes one, --store names another.");
    }

    /// <summary>
    /// What a command does, on another thread than the one that parsed: System.CommandLine listens for signals only once the action has come to its first wait, and with
    /// SQLite that is after a step may have begun; the process would end under it.
    /// </summary>
    static void Does(this Command command, Func<ParseResult, CancellationToken, Task<int>> action) =>
        command.SetAction((parsed, cancellation) => Task.Run(() => action(parsed, cancellation), CancellationToken.None));

    static void Act(Command command, Func<Workspace, ParseResult, bool, CancellationToken, Task<int>> action) =>
        command.Does(async (parsed, cancellation) =>
        {
            await using var workspace = new Workspace(parsed.GetValue(Store)!, observer: new Troubles(Console.Error));
            return await action(workspace, parsed, parsed.GetValue(Json), cancellation);
        });
}
