using System.Text.Json.Nodes;
using Rlhf.Cli.Progress;
using Rlhf.Cli.Rounds;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Workflows;
using Rlhf.Runtime;
using Rlhf.Runtime.Interpreter;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Promotions;

namespace Rlhf.Cli.Promotions;

/// <summary>What <c>rlhf promote</c> is asked for.</summary>
sealed record PromoteOptions(string Policy, string? Environment, string? Campaign, string? RequestedBy, bool Wait, bool Json);

/// <summary><c>rlhf promote</c>: the workflow <c>promotion</c> for one policy, or the one that is open for it.</summary>
static class PromoteCommand
{
    const string Definition = "promotion";

    public static async Task<int> RunAsync(Workspace workspace, PromoteOptions options, CancellationToken cancellationToken)
    {
        var policy = await workspace.References.ResolveAsync(options.Policy, cancellationToken);
        var inputs = new JsonObject { ["policy"] = $"{policy}", ["environment"] = options.Environment ?? Settings.Environment, ["campaign"] = options.Campaign ?? "", ["requestedBy"] = options.RequestedBy ?? Environment.UserName };
        var instance = await OpenOrStartAsync(workspace, inputs, cancellationToken);
        if (!await workspace.TryDriveAsync(cancellationToken)) Console.Error.WriteLine($"Another process drives {workspace.Place}; following {instance} there. Ctrl+C stops following only.");
        await workspace.Runtime.LookForAnswersAsync(instance, cancellationToken);
        InstanceResult result;
        using (var progress = IRunProgress.Create(options.Json))
            result = options.Wait ? await workspace.Runtime.RunAsync(instance, progress, cancellationToken) : await workspace.Runtime.RunUntilPeopleAsync(instance, progress, cancellationToken);
        await workspace.DeliverAsync(cancellationToken);
        return result.Status switch
        {
            WorkflowStatus.Suspended => await WaitingForPeople.SayAsync(workspace, instance, options.Json, cancellationToken),
            WorkflowStatus.Finished => await SayAsync(workspace, result, options.Json, cancellationToken),
            WorkflowStatus.Faulted => throw new InvalidOperationException($"{result.Incident!.Reason} (instance {instance})"),
            _ => throw new InvalidOperationException($"Instance {instance} was cancelled."),
        };
    }

    /// <summary>Asked again, by whomever, it is the same promotion.</summary>
    static async Task<string> OpenOrStartAsync(Workspace workspace, JsonObject inputs, CancellationToken cancellationToken)
    {
        foreach (var open in await workspace.Runtime.ListAsync(new(Take: 10_000) { OnlyOpen = true, DefinitionId = Definition }, cancellationToken))
        {
            var begun = (await workspace.Runtime.GetAsync(open.Id, cancellationToken)).Inputs;
            if (!inputs.All(i => i.Key == "requestedBy" || $"{i.Value}" == $"{begun[i.Key]}")) continue;
            Console.Error.WriteLine($"Going on with {Definition} {open.Id}, begun {open.CreatedAt:u}.");
            return open.Id;
        }
        return await workspace.Runtime.StartAsync(WorkflowFiles.Definition(Definition), inputs, $"{inputs["requestedBy"]}", cancellationToken);
    }

    static async Task<int> SayAsync(Workspace workspace, InstanceResult result, bool json, CancellationToken cancellationToken)
    {
        var reference = result.Outputs["record"]?.GetValue<string>();
        var record = string.IsNullOrEmpty(reference) ? null
            : await workspace.Artifacts.ReadJsonAsync<PromotionRecord>(ArtifactRef.Parse(reference), PromotionBundle.RecordFile, cancellationToken);
        var document = new JsonObject
        {
            ["instance"] = result.Id,
            ["outcome"] = record is null ? "refused" : "promoted",
            ["promotion"] = result.Outputs["promotion"]?.DeepClone(),
            ["version"] = result.Outputs["version"]?.DeepClone(),
            ["record"] = reference,
            ["reason"] = result.Outputs["reason"]?.DeepClone(),
            ["contents"] = record is null ? null : CanonicalJson.ToNode(record),
        };
        Output.Write(json, document, () =>
        {
            Console.Out.WriteLine($"{(record is null ? "Refused: " : "")}{result.Outputs["reason"]}");
            if (record is null) return;
            PromotionText.Record(record);
            Console.Out.WriteLine($"Record: {reference} (rlhf promotions verify checks it)");
        });
        return record is null ? ExitCodes.RefusedByGate : ExitCodes.Done;
    }
}
