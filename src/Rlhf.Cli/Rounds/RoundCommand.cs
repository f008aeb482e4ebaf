using System.Diagnostics;
using System.Text.Json.Nodes;
using Rlhf.Cli.Engine;
using Rlhf.Cli.Gates;
using Rlhf.Cli.Progress;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Workflows;
using Rlhf.Runtime;
using Rlhf.Runtime.Interpreter;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Cli.Rounds;

/// <summary>Runs one round from nothing, or from the champion, to a decision; goes on with a round that was interrupted.</summary>
static class RoundCommand
{
    const string Definition = "rlhf-round";

    static string ModelDevice => Environment.GetEnvironmentVariable("RLHF_DEVICE") ?? "cpu";

    public static async Task<int> RunAsync(RoundOptions options, CancellationToken cancellationToken)
    {
        Check(options);
        await using var workspace = new Workspace(options.Store, observer: new Troubles(Console.Error));
        await workspace.TryDriveAsync(cancellationToken);
        var inputs = await InputsAsync(workspace, options, cancellationToken);
        var instance = await OpenOrStartAsync(workspace, Definition, inputs, options.Json, cancellationToken);
        return await FollowAsync(workspace, instance, options.Json, cancellationToken);
    }

    /// <summary>What is mistyped is said before anything is made.</summary>
    public static void Check(RoundOptions options)
    {
        if ((options.Policy is not null || options.Prompts is not null) && options.Labeler is null)
            throw new ArgumentException("With a policy or prompts of your own, --labeler must be named (such as --labeler simulated); there is no default.");
        Workspace.Labeler(options.Labeler ?? "simulated", options.Judge);
        WorkflowFiles.Preset(Preset(options));
        if (options.Gate is not null) GateFiles.Read(WorkflowFiles.Gate(options.Gate));
    }

    /// <summary>
    /// Follows an instance to its end, or until it waits for people, and shows the report of its round; where no other process drives the store, this
    /// one does meanwhile.
    /// </summary>
    public static async Task<int> FollowAsync(Workspace workspace, string instance, bool json, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        if (!await workspace.TryDriveAsync(cancellationToken))
            Console.Error.WriteLine($"Another process drives {workspace.Place}; following {instance} there. Ctrl+C stops following only.");
        await workspace.Runtime.LookForAnswersAsync(instance, cancellationToken);
        InstanceResult result;
        using (var progress = IRunProgress.Create(json)) result = await workspace.Runtime.RunUntilPeopleAsync(instance, progress, cancellationToken);
        var seconds = clock.Elapsed;
        await workspace.DeliverAsync(cancellationToken);
        if (result.Status == WorkflowStatus.Suspended) return await WaitingForPeople.SayAsync(workspace, instance, json, cancellationToken);
        if (result.Status == WorkflowStatus.Cancelled) throw new InvalidOperationException($"Instance {instance} was cancelled.");
        if (result.Status == WorkflowStatus.Faulted)
            throw new InvalidOperationException($"Instance {instance} stopped at '{result.Incident!.Activity}': {result.Incident.Reason} (rlhf instances retry {instance} tries that step again)");

        var details = await workspace.Runtime.GetAsync(instance, cancellationToken);
        var steps = await RoundReports.StepsAsync(workspace, instance, cancellationToken);
        var report = (result.Outputs["report"] ?? result.Outputs["lastReport"])?.GetValue<string>() is { Length: > 0 } reference
            ? await workspace.Artifacts.ReadJsonAsync<RoundReport>(ArtifactRef.Parse(reference), "report.json", cancellationToken)
            : null;
        var monitor = report?.Overoptimization is { } overoptimization
            ? await workspace.Artifacts.ReadJsonAsync<OveroptimizationReport>(overoptimization, OveroptimizationReport.File, cancellationToken)
            : null;
        if (json) Console.Out.WriteLine(CanonicalJson.ToText(RoundReports.ToJson(details, result, report, monitor, steps, seconds)));
        else RoundReports.Print(details, result, report, monitor, steps, seconds, workspace.Place);
        return ExitCodes.Done;
    }

    static string Preset(RoundOptions options) => options.Preset ?? (options.Policy is null ? "default" : "pretrained");

    public static async Task<JsonObject> InputsAsync(Workspace workspace, RoundOptions options, CancellationToken cancellationToken)
    {
        var inputs = new JsonObject
        {
            ["preset"] = (await workspace.PresetAsync(Preset(options), cancellationToken, options.AcceptForgetting)).ToString(),
            ["labeler"] = options.Labeler ?? "simulated",
            ["judge"] = options.Judge is null ? "" : (await workspace.References.ResolveAsync(options.Judge, cancellationToken)).ToString(),
            ["texts"] = options.Texts is null ? "" : (await workspace.HeldOutTextAsync(options.Texts, cancellationToken)).ToString(),
            ["gate"] = options.Gate is null ? "" : (await workspace.CriteriaAsync(options.Gate, cancellationToken)).ToString(),
            ["requestedBy"] = Environment.UserName,
            ["seed"] = options.Seed,
            ["model"] = options.Policy is null ? "" : (await workspace.ModelAsync(options.Policy, cancellationToken)).ToString(),
            ["prompts"] = options.Prompts is null ? "" : (await workspace.PromptsAsync(options.Prompts, cancellationToken)).ToString(),
        };
        if (options.Probe) inputs["probe"] = true;
        if (options.Same) inputs["sameAs"] = await FirstRoundAsync(workspace, inputs, cancellationToken);
        return inputs;
    }

    // The first finished round with these inputs that was not itself a replay.
    static async Task<int> FirstRoundAsync(Workspace workspace, JsonObject inputs, CancellationToken cancellationToken)
    {
        var finished = await workspace.Runtime.ListAsync(new(Take: 100_000) { DefinitionId = Definition, Status = WorkflowStatus.Finished }, cancellationToken);
        foreach (var instance in finished.Reverse())
        {
            var details = await workspace.Runtime.GetAsync(instance.Id, cancellationToken);
            if (details.Inputs["sameAs"] is null && Begun(inputs, details.Inputs) && details.Variables["round"] is { } round)
                return round.GetValue<int>();
        }
        throw new ArgumentException($"--same replays a finished round with the same inputs; {workspace.Store} has none.");
    }

    /// <summary>True where a round was begun with these inputs, by whomever; numbers are compared as text, since a stored one may be of another width.</summary>
    static bool Begun(JsonObject inputs, JsonObject begun) => inputs.Where(i => i.Key is not ("sameAs" or "requestedBy")).All(i => $"{i.Value}" == $"{begun[i.Key]}");

    public static async Task<string> OpenOrStartAsync(Workspace workspace, string definition, JsonObject inputs, bool json, CancellationToken cancellationToken)
    {
        if (await workspace.Runtime.FindOpenAsync(definition, cancellationToken) is { } open)
        {
            var begun = (await workspace.Runtime.GetAsync(open.Id, cancellationToken)).Inputs;
            if (!Begun(inputs, begun) || $"{inputs["sameAs"]}" != $"{begun["sameAs"]}")
                throw new ArgumentException(
                    $"{definition} {open.Id} is not finished and was started with other inputs: go on with it (rlhf instances resume {open.Id}) or end it (rlhf instances cancel {open.Id}).");
            Console.Error.WriteLine($"Going on with {definition} {open.Id}, begun {open.CreatedAt:u}.");
            return open.Id;
        }
        var instance = await workspace.Runtime.StartAsync(WorkflowFiles.Definition(definition), inputs, Environment.UserName, cancellationToken);
        if (!json) Console.Error.WriteLine($"{definition} {instance}: embedded engine, store {workspace.Place}, float32 on {ModelDevice}");
        return instance;
    }
}
