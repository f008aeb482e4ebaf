using System.CommandLine;
using Rlhf.Cli.Instances;
using Rlhf.Cli.Prompts;
using Rlhf.Cli.Rounds;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Workflows;

namespace Rlhf.Cli;

/// <summary>Every verb with its options and help; what they do stands in the folder of its noun.</summary>
static class Commands
{
    static readonly Option<string> Store = new("--store")
    {
        Description = "Folder of the store: artifacts, records, workflow state.",
        DefaultValueFactory = _ => ".rlhf",
        Recursive = true,
    };

    static readonly Option<bool> Json = new("--json") { Description = "One JSON document on the output; logs go to the error stream.", Recursive = true };

    public static RootCommand Root() =>
        new("RLHF rounds for .NET: sample, compare, fit a reward model, PPO, gate, promote.")
        {
            Store, Json, Round(), Run(), Instances(), Artifacts(), PromptSets(), StepsOf(),
        };

    static Command Round()
    {
        Option<string?> preset = new("--preset") { Description = "HParams: a name in workflows/presets or a file. Without it: default, with --policy pretrained." };
        Option<string?> policy = new("--policy") { Description = "Model to start from: a folder (Hugging Face or llama2.c) or an artifact. Without it a small one is trained from scratch." };
        Option<string?> prompts = new("--prompts") { Description = "Prompts: a file (.txt, .jsonl, .json) or an artifact. Without it prompts are generated." };
        Option<string?> labeler = new("--labeler") { Description = "Who judges: simulated. Must be named with a policy or prompts of your own." };
        Option<long> seed = new("--seed") { Description = "Seed of the campaign.", DefaultValueFactory = _ => 1 };
        Option<bool> same = new("--same") { Description = "Replay the first round with these inputs, from the cache." };
        Command command = new("round", "Run one round to a decision, or go on with the one that was interrupted.") { preset, policy, prompts, labeler, seed, same };
        command.SetAction((parsed, cancellation) => RoundCommand.RunAsync(new(
            parsed.GetValue(Store)!, parsed.GetValue(preset), parsed.GetValue(policy), parsed.GetValue(prompts), parsed.GetValue(labeler),
            parsed.GetValue(seed), parsed.GetValue(same), parsed.GetValue(Json)), cancellation));
        return command;
    }

    static Command Run()
    {
        Argument<string> workflow = new("workflow") { Description = "A workflow file, or a name in workflows." };
        Option<string[]> inputs = new("--input") { Description = "An input of the workflow: name=value. May stand several times." };
        Option<string?> preset = new("--preset") { Description = "HParams for the workflow's input 'preset': a name in workflows/presets or a file." };
        Option<bool> lint = new("--lint") { Description = "Only check the file." };
        Command command = new("run", "Run any workflow file, after checking it.") { workflow, inputs, preset, lint };
        Act(command, (workspace, parsed, json, cancellation) => RunCommand.RunAsync(
            workspace, parsed.GetValue(workflow)!, parsed.GetValue(inputs) ?? [], parsed.GetValue(preset), parsed.GetValue(lint), json, cancellation));
        return command;
    }

    static Command Instances()
    {
        Argument<string> id = new("id") { Description = "Id of the instance (rlhf instances list)." };
        var list = new Command("list", "All instances, the newest first.");
        var show = new Command("show", "One instance: status, variables, failures.") { id };
        var logs = new Command("logs", "What happened to an instance, line by line.") { id };
        var resume = new Command("resume", "Go on with an interrupted instance.") { id };
        var retry = new Command("retry", "Run the failed step of an instance again and go on.") { id };
        var cancel = new Command("cancel", "End an instance for good.") { id };
        Act(list, (workspace, _, json, cancellation) => InstancesCommand.ListAsync(workspace, json, cancellation));
        Act(show, (workspace, parsed, json, cancellation) => InstancesCommand.ShowAsync(workspace, parsed.GetValue(id)!, json, cancellation));
        Act(logs, (workspace, parsed, json, cancellation) => InstancesCommand.LogsAsync(workspace, parsed.GetValue(id)!, json, cancellation));
        Act(resume, (workspace, parsed, json, cancellation) => InstancesCommand.ResumeAsync(workspace, parsed.GetValue(id)!, json, cancellation));
        Act(retry, (workspace, parsed, json, cancellation) => InstancesCommand.RetryAsync(workspace, parsed.GetValue(id)!, json, cancellation));
        Act(cancel, (workspace, parsed, json, cancellation) => InstancesCommand.CancelAsync(workspace, parsed.GetValue(id)!, json, cancellation));
        return new("instances", "Running, waiting and finished workflows.") { list, show, logs, resume, retry, cancel };
    }

    static Command Artifacts()
    {
        Argument<string> reference = new("ref") { Description = "An artifact: kind/sha256." };
        Argument<string?> optional = new("ref") { Description = "An artifact; without one, all.", Arity = ArgumentArity.ZeroOrOne };
        Argument<string> folder = new("dir") { Description = "Folder to write to." };
        var list = new Command("list", "All artifacts of the store.");
        var show = new Command("show", "The files of an artifact and the step that made it.") { reference };
        var verify = new Command("verify", "Read artifacts and check every hash.") { optional };
        var export = new Command("export", "Write an artifact's files to a folder.") { reference, folder };
        Act(list, (workspace, _, json, cancellation) => ArtifactsCommand.ListAsync(workspace, json, cancellation));
        Act(show, (workspace, parsed, json, cancellation) => ArtifactsCommand.ShowAsync(workspace, parsed.GetValue(reference)!, json, cancellation));
        Act(verify, (workspace, parsed, json, cancellation) => ArtifactsCommand.VerifyAsync(workspace, parsed.GetValue(optional), json, cancellation));
        Act(export, (workspace, parsed, json, cancellation) => ArtifactsCommand.ExportAsync(workspace, parsed.GetValue(reference)!, parsed.GetValue(folder)!, json, cancellation));
        foreach (var command in new[] { list, show, verify, export }) command.Validators.Add(NeedsStore);
        return new("artifacts", "Everything that steps made, by hash.") { list, show, verify, export };
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

    static void NeedsStore(System.CommandLine.Parsing.CommandResult command)
    {
        if (command.GetValue(Store) is { } store && !Directory.Exists(store)) command.AddError($"There is no store '{store}'; rlhf round makes one, --store names another.");
    }

    static void Act(Command command, Func<Workspace, ParseResult, bool, CancellationToken, Task<int>> action) =>
        command.SetAction(async (parsed, cancellation) =>
        {
            using var workspace = new Workspace(parsed.GetValue(Store)!);
            return await action(workspace, parsed, parsed.GetValue(Json), cancellation);
        });
}
