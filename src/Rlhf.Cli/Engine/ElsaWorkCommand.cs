using System.Data.Common;
using Rlhf.Adapters.Blob;
using Rlhf.Cli.Stores;
using Rlhf.Runtime;
using Rlhf.Steps.Jobs;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Engine;

/// <summary><c>rlhf worker --engine elsa</c>: runs the steps that Elsa hosts leave in the store.</summary>
static class ElsaWorkCommand
{
    public static async Task<int> WorkAsync(string store, string queues, CancellationToken cancellationToken)
    {
        var log = new EngineLog(Console.Error);
        await using var workspace = new Workspace(store, observer: log);
        // Jobs come and go: a cache would show what is gone.
        var jobs = new StoredStepJobs(workspace.Objects is CachedObjectStore cached ? cached.Inner : workspace.Objects);
        var worker = new StepJobWorker(jobs, workspace.Runner, TimeProvider.System, Settings.Queues(queues)!, Settings.Lease, new Lines(log), log.Trouble, (name, token) => IsAnsweredAsync(workspace, name, log, token));
        Console.Error.WriteLine($"Working for Elsa hosts over {workspace.Place}, queues {queues}; Ctrl+C or SIGTERM hands running steps over and ends.");
        await worker.RunAsync(new RuntimeOptions(store).Drain, cancellationToken);
        Console.Error.WriteLine("Handed over.");
        return ExitCodes.Done;
    }

    /// <summary>Has the last answer of a request come to the desk of this store? Its news go to who drives the store, and no Elsa host does.</summary>
    static async Task<bool> IsAnsweredAsync(Workspace workspace, string name, EngineLog log, CancellationToken cancellationToken)
    {
        if (!name.StartsWith(DeskLabeler.EventPrefix, StringComparison.Ordinal)) return false;
        try
        {
            return await workspace.Runtime.Desk.MissingAsync(name[DeskLabeler.EventPrefix.Length..], cancellationToken) == 0;
        }
        // A database that is away for a moment says so by an InvalidOperationException around its own.
        catch (Exception e) when (e is DbException or ArgumentException or IOException || e.InnerException is DbException)
        {
            // The step looks by itself in the end.
            log.Trouble($"Whether '{name}' has happened could not be seen: {e.Message}");
            return false;
        }
    }

    /// <summary>What a step says, a line each; its progress is too much for a log.</summary>
    sealed class Lines(EngineLog log) : IStepObserver
    {
        public void Progress(string activity, double fraction, string message) { }

        public void Metrics(string activity, int update, IReadOnlyDictionary<string, double> values) { }

        public void Notice(string activity, string sentence) => log.Trouble($"{activity}: {sentence}");
    }
}
