using System.Text.Json.Nodes;
using Rlhf.Cli.Rounds;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Workflows;
using Rlhf.Runtime;
using Rlhf.Steps.Json;

namespace Rlhf.Cli.Instances;

/// <summary><c>rlhf instances list | show | logs | resume | retry | set | cancel</c>.</summary>
static class InstancesCommand
{
    public static async Task<int> ListAsync(Workspace workspace, InstanceQuery query, bool json, CancellationToken cancellationToken)
    {
        var instances = await workspace.Runtime.ListAsync(query, cancellationToken);
        Output.Write(json, new JsonArray([.. instances.Select(CanonicalJson.ToObject)]), () =>
        {
            foreach (var i in instances)
                Console.Out.WriteLine($"{i.Id}  {i.DefinitionId} {i.DefinitionVersion}  {i.Status,-10} {i.CreatedAt:u}  {i.Incident?.Reason}");
            if (instances.Count == 0) Console.Out.WriteLine($"{workspace.Place} has no such instances.");
            if (instances.Count == query.Take) Console.Error.WriteLine($"The newest {query.Take}; --take and --skip show others.");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> ShowAsync(Workspace workspace, string instance, bool json, CancellationToken cancellationToken)
    {
        var details = await workspace.Runtime.GetAsync(instance, cancellationToken);
        Output.Write(json, CanonicalJson.ToObject(details), () =>
        {
            Console.Out.WriteLine($"{details.Summary.DefinitionId} {details.Summary.DefinitionVersion}  {details.Summary.Status}  {details.Summary.CreatedAt:u} to {details.Summary.UpdatedAt:u}");
            foreach (var (name, value) in details.Variables.Where(v => v.Value is not null)) Console.Out.WriteLine($"  {name,-24}{value}");
            foreach (var step in details.Steps)
                Console.Out.WriteLine($"  {step.Execution,-32}{(step.Worker is null ? "queued" : $"{step.Fraction,4:P0}  {step.Message}")}{(step.Worker is null ? "" : $"  by {step.Worker}")}{(step.Lost > 0 ? $"  ({step.Lost} workers lost)" : "")}");
            foreach (var waiting in details.Open.Where(e => e.WaitsFor is not null))
                Console.Out.WriteLine($"  {waiting.Id,-32}waits{(waiting.WakeAt is { } until ? $" until {until:u}" : "")}: {waiting.WaitsFor}");
            foreach (var incident in details.Incidents) Console.Out.WriteLine($"  failed at {incident.Activity}: {incident.Reason}");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> LogsAsync(Workspace workspace, string instance, bool json, CancellationToken cancellationToken)
    {
        var log = await workspace.Runtime.LogAsync(instance, cancellationToken);
        Output.Write(json, new JsonArray([.. log.Select(CanonicalJson.ToObject)]), () =>
        {
            foreach (var line in log)
                Console.Out.WriteLine($"{line.At:u}  {line.Execution,-34} {line.Event,-10} {(line.Seconds is { } s ? $"{s,7:0.0} s" : "         ")}{(line.Cached ? " cached" : "")} {string.Join(",", line.Outcomes ?? [])} {line.Message}");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> ResumeAsync(Workspace workspace, string instance, bool json, CancellationToken cancellationToken)
    {
        await workspace.Runtime.GetAsync(instance, cancellationToken);
        return await RoundCommand.FollowAsync(workspace, instance, json, cancellationToken);
    }

    public static async Task<int> RetryAsync(Workspace workspace, string instance, bool acceptStepVersion, bool json, CancellationToken cancellationToken)
    {
        await workspace.Runtime.RetryAsync(instance, acceptStepVersion, cancellationToken);
        return await RoundCommand.FollowAsync(workspace, instance, json, cancellationToken);
    }

    /// <param name="values"><c>name=value</c> each, as text: the variables' own types decide what it is.</param>
    public static async Task<int> SetAsync(Workspace workspace, string instance, string[] values, bool json, CancellationToken cancellationToken)
    {
        await workspace.Runtime.SetVariablesAsync(instance, RunCommand.Values(values, "a value of a variable"), Environment.UserName, cancellationToken);
        var now = (await workspace.Runtime.GetAsync(instance, cancellationToken)).Variables;
        Output.Write(json, new JsonObject { ["instance"] = instance, ["variables"] = now.DeepClone() }, () =>
        {
            foreach (var (name, value) in now.Where(v => v.Value is not null)) Console.Out.WriteLine($"  {name,-24}{value}");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> CancelAsync(Workspace workspace, string instance, bool json, CancellationToken cancellationToken)
    {
        await workspace.Runtime.CancelAsync(instance, cancellationToken);
        Output.Write(json, new JsonObject { ["instance"] = instance, ["status"] = "cancelled" }, () => Console.Error.WriteLine($"{instance} is cancelled."));
        return ExitCodes.Done;
    }
}
