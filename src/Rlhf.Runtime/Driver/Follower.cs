using System.Text.Json.Nodes;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Driver;

/// <summary>
/// Watches an instance and those it dispatched through the store, whoever runs them: the same numbers in every process.
/// </summary>
internal sealed class Follower(WorkflowStore store, string instance, IStepObserver? observer)
{
    readonly Dictionary<JobKey, JobProgress> _shown = [];
    readonly Dictionary<string, int> _logged = [];
    readonly HashSet<string> _ended = [];
    readonly HashSet<(string Execution, string Sentence)> _noticed = [];

    /// <summary>Tells the observer what is new; returns the result where the instance has ended or faulted.</summary>
    public async Task<InstanceResult?> LookAsync(CancellationToken cancellationToken)
    {
        var status = await store.StatusAsync(instance, cancellationToken);
        if (observer is not null) await ShowAsync(observer, cancellationToken);
        return status is WorkflowStatus.Running or WorkflowStatus.Suspended ? null
            : ResultOf((await store.LoadAsync(instance, cancellationToken)).State);
    }

    public static InstanceResult ResultOf(WorkflowState state) => new(
        state.Instance, state.Status,
        new(state.Outputs.Select(o => KeyValuePair.Create(o.Key, o.Value?.DeepClone()))),
        state.Incidents is [.., var last] ? last : null);

    public static StepProgress ProgressOf(JobRow job) => new(
        job.Execution, job.Activity, job.Step, job.Queue, job.Owner, job.Fraction, job.Message,
        job.Metrics is null ? null : JsonNode.Parse(job.Metrics)!.AsObject(), job.Lost, job.QueuedAt, job.StartedAt);

    async Task ShowAsync(IStepObserver observer, CancellationToken cancellationToken)
    {
        // What was done before this process began to look is not news; what a child did before it was seen is.
        var isFirst = _logged.Count == 0;
        foreach (var (id, status) in await store.FamilyAsync(instance, cancellationToken))
        {
            if (_ended.Contains(id)) continue;
            if (status is WorkflowStatus.Finished or WorkflowStatus.Cancelled) _ended.Add(id);
            foreach (var job in await store.JobsAsync(null, cancellationToken, id)) Show(observer, job);
            var log = await store.LogAsync(id, _logged.GetValueOrDefault(id), cancellationToken);
            _logged[id] = log is [.., var last] ? last.Sequence : _logged.GetValueOrDefault(id);
            ShowWaits(observer, log);
            if (isFirst) continue;
            foreach (var done in log.Where(l => l is { Event: LogEvent.Completed, Seconds: not null }))
            {
                ShowNotices(observer, done.Execution, done.Message);
                observer.Progress(done.Execution, 1, done.Cached ? "from the cache" : $"done in {done.Seconds:0.0} s");
            }
        }
    }

    /// <summary>What waits for an event: somebody has to send it, so it is said on the first look too, unless it is over.</summary>
    void ShowWaits(IStepObserver observer, IReadOnlyList<LogEntry> log)
    {
        foreach (var wait in log.Where(l => l is { Event: LogEvent.Waiting, Message: { } message } && message.StartsWith(ActivityExecution.ForEvent, StringComparison.Ordinal)))
            if (!log.Any(l => l.Execution == wait.Execution && l.Sequence > wait.Sequence)) ShowNotices(observer, wait.Execution, $"waits for {wait.Message}");
    }

    void Show(IStepObserver observer, JobRow job)
    {
        var (key, progress) = (new JobKey(job.InstanceId, job.Execution, job.Epoch), new JobProgress(job.Fraction, job.Message, job.Metrics, job.Notices));
        if (job.StartedAt is null || _shown.GetValueOrDefault(key) == progress) return;
        _shown[key] = progress;
        if (job.Metrics is not null)
            observer.Metrics(job.Execution, 0, JsonNode.Parse(job.Metrics)!.AsObject().ToDictionary(m => m.Key, m => m.Value!.GetValue<double>()));
        observer.Progress(job.Execution, job.Fraction, job.Message ?? "begins");
        ShowNotices(observer, job.Execution, job.Notices);
    }

    /// <summary>Once each: the same sentences stand in the running job and, at its end, in the log.</summary>
    void ShowNotices(IStepObserver observer, string execution, string? notices)
    {
        foreach (var sentence in notices?.Split('\n') ?? [])
            if (_noticed.Add((execution, sentence))) observer.Notice(execution, sentence);
    }
}
