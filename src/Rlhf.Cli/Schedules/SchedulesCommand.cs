using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Schedules;
using Rlhf.Steps.Json;

namespace Rlhf.Cli.Schedules;

/// <summary><c>rlhf schedules list | run | pause | resume</c>.</summary>
static class SchedulesCommand
{
    public static async Task<int> ListAsync(Workspace workspace, bool json, CancellationToken cancellationToken)
    {
        var schedules = await workspace.Runtime.Schedules.ListAsync(cancellationToken);
        Write(json, schedules);
        if (schedules.Count == 0 && !json) Console.Out.WriteLine($"No published workflow of {workspace.Store} has a trigger.");
        return ExitCodes.Done;
    }

    public static async Task<int> RunAsync(Workspace workspace, string definition, string? activity, bool json, CancellationToken cancellationToken)
    {
        var instance = await workspace.Runtime.Schedules.RunAsync(definition, activity, cancellationToken);
        Output.Write(json, new JsonObject { ["instance"] = instance }, () =>
        {
            Console.Out.WriteLine(instance);
            Console.Error.WriteLine($"Started; whatever drives this store runs it, and rlhf instances resume {instance} follows it.");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> PauseAsync(Workspace workspace, string definition, string? activity, bool json, CancellationToken cancellationToken)
    {
        Write(json, await workspace.Runtime.Schedules.PauseAsync(definition, activity, cancellationToken));
        return ExitCodes.Done;
    }

    public static async Task<int> ResumeAsync(Workspace workspace, string definition, string? activity, bool json, CancellationToken cancellationToken)
    {
        Write(json, await workspace.Runtime.Schedules.ResumeAsync(definition, activity, cancellationToken));
        return ExitCodes.Done;
    }

    static void Write(bool json, IReadOnlyList<ScheduleSummary> schedules) =>
        Output.Write(json, new JsonArray([.. schedules.Select(CanonicalJson.ToObject)]), () =>
        {
            foreach (var s in schedules)
            {
                Console.Out.WriteLine($"{s.DefinitionId}  {s.Activity}  {s.Kind} {s.Expression}{(s.Kind == TriggerKind.Cron ? $" {s.Zone}" : "")}  {Next(s)}");
                if (s.Last is { } last) Console.Out.WriteLine($"  {last.Due:u}  {(last.Instance is { } instance ? $"instance {instance}" : $"skipped: {last.Skipped}")}");
            }
        });

    /// <summary>For people: when it starts an instance next.</summary>
    public static string Next(ScheduleSummary schedule) => schedule switch
    {
        { Paused: true } => "paused",
        { LeftTo: { } other } => $"left to {other}",
        { NextDue: { } due } => $"next {due:u}",
        { Kind: TriggerKind.Event } => "when the event comes",
        _ => "stands still",
    };
}
