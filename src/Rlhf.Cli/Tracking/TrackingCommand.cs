using System.Text.Json.Nodes;
using Rlhf.Adapters.Mlflow.Projection;
using Rlhf.Cli.Stores;
using Rlhf.Steps.Json;

namespace Rlhf.Cli.Tracking;

/// <summary><c>rlhf tracking status | send | repair</c>.</summary>
static class TrackingCommand
{
    public static async Task<int> StatusAsync(Workspace workspace, bool json, CancellationToken cancellationToken)
    {
        await using var session = Open(workspace);
        var status = await session.Delivery.StatusAsync(cancellationToken);
        Output.Write(json, CanonicalJson.ToObject(status), () =>
        {
            if (status.Unreachable is { } reason) Console.Out.WriteLine($"The server cannot be asked: {reason}");
            foreach (var problem in status.Unreadable) Console.Out.WriteLine(problem);
            var waiting = status.Waiting;
            Console.Out.WriteLine(waiting.Any
                ? $"Waiting: {waiting.Runs} runs, {waiting.Lines} metric points, {waiting.Versions} model versions, {waiting.Aliases} aliases."
                : "Nothing waits.");
            foreach (var difference in status.Differences)
                Console.Out.WriteLine($"{difference.What}: {difference.How}{(difference.Repairable ? "" : " (repair leaves it)")}");
            if (status.Unreachable is null) Console.Out.WriteLine(status.Differences.Count == 0 ? "What was delivered stands there unchanged." : $"{status.Differences.Count} differences; rlhf tracking repair projects again.");
        });
        return status.Clean ? ExitCodes.Done : ExitCodes.Failed;
    }

    public static async Task<int> SendAsync(Workspace workspace, bool json, CancellationToken cancellationToken)
    {
        await using var session = Open(workspace);
        return Show(await session.Delivery.DeliverAsync(cancellationToken), json);
    }

    public static async Task<int> RepairAsync(Workspace workspace, bool json, CancellationToken cancellationToken)
    {
        await using var session = Open(workspace);
        return Show(await session.Delivery.RepairAsync(cancellationToken), json);
    }

    static int Show(DeliveryReport report, bool json)
    {
        Output.Write(json, CanonicalJson.ToObject(report), () =>
        {
            foreach (var trouble in report.Troubles) Console.Out.WriteLine(trouble);
            foreach (var held in report.HeldByOthers) Console.Out.WriteLine($"Another sender is at {held}.");
            Console.Out.WriteLine($"Delivered {report.Runs} runs, {report.Lines} metric points, {report.Versions} model versions, {report.Aliases} aliases.");
        });
        return report.Complete ? ExitCodes.Done : ExitCodes.Failed;
    }

    // Somebody waits for the answer: a server that is away is said so within seconds.
    static TrackingSession Open(Workspace workspace) => TrackingSession.Open(workspace.Objects, workspace.Runtime, new() { Try = Settings.MlflowTimeout, Retries = 4 })
        ?? throw new ArgumentException("No MLflow server is configured; expected its address in MLFLOW_TRACKING_URI.");
}
