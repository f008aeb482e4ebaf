using Elsa.Common;
using Elsa.Workflows;
using Elsa.Workflows.Management;
using Elsa.Workflows.Management.Filters;
using Elsa.Workflows.Runtime;
using Elsa.Workflows.Runtime.Entities;
using Elsa.Workflows.Runtime.Filters;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rlhf.Steps.Jobs;

namespace Rlhf.Elsa.Jobs;

/// <summary>
/// Brings answers to their bookmarks, again and again until Elsa has taken one and kept what follows from it: an answer may come before its bookmark is
/// stored, and Elsa forgets a stimulus that nobody waits for. Ends jobs whose instance is over. Several nodes may do this at once: a bookmark is resumed once.
/// </summary>
sealed partial class AnswerDelivery(IServiceScopeFactory scopes, IStepJobs jobs, ISystemClock clock, ILogger<AnswerDelivery> log, TimeSpan poll) : BackgroundService
{
    public const string Bookmark = "Rlhf.Step";

    static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30), BetweenSweeps = TimeSpan.FromSeconds(3), NeverStarted = TimeSpan.FromHours(1);

    const int Together = 500;

    readonly Dictionary<string, (DateTimeOffset Next, TimeSpan Pause)> _unheard = [];
    readonly Dictionary<string, (DateTimeOffset At, StepJob? Job)> _seen = [];
    DateTimeOffset _swept;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await DeliverAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Whatever it was, database or store: the answers are still there, and the next look tries again.
                Troubled(e.Message);
            }
            await Task.Delay(poll, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    internal async Task DeliverAsync(CancellationToken cancellationToken)
    {
        var open = await jobs.OpenAsync(cancellationToken);
        Forget(open);
        await using var scope = scopes.CreateAsyncScope();
        foreach (var job in open.Where(j => j.IsAnswered && IsDue(j.Id)))
        {
            if (await TryDeliverAsync(scope.ServiceProvider, job.Id, cancellationToken)) await jobs.AcknowledgeAsync(job.Id, cancellationToken);
            else SendLater(job.Id);
        }
        if (clock.UtcNow - _swept < BetweenSweeps) return;
        _swept = clock.UtcNow;
        await EndThoseOverAsync(scope.ServiceProvider.GetRequiredService<IWorkflowInstanceStore>(), open, cancellationToken);
    }

    /// <summary>
    /// Elsa writes the rows of bookmarks before the state of the instance, and a host may be killed between the two. So the state says whether a job is waited for: where
    /// only the row is there, a run would do nothing; where only the row is missing, it is written again.
    /// </summary>
    async Task<bool> TryDeliverAsync(IServiceProvider services, string id, CancellationToken cancellationToken)
    {
        if (await KnownAsync(id, cancellationToken) is not { } job) return false;
        var instance = await services.GetRequiredService<IWorkflowInstanceStore>().FindAsync(new WorkflowInstanceFilter { Id = job.Instance }, cancellationToken);
        if (instance?.WorkflowState.Bookmarks.FirstOrDefault(b => b.Id == id) is not { } waited) return false;
        var (rows, filter) = (services.GetRequiredService<IBookmarkStore>(), new BookmarkFilter { BookmarkId = id });
        if (await rows.FindAsync(filter, cancellationToken) is null)
        {
            await rows.SaveAsync(new StoredBookmark
            {
                Id = id, Name = waited.Name, Hash = waited.Hash, WorkflowInstanceId = instance.Id, CreatedAt = waited.CreatedAt, ActivityInstanceId = waited.ActivityInstanceId,
                CorrelationId = instance.CorrelationId, Payload = waited.Payload, Metadata = waited.Metadata,
            }, cancellationToken);
        }
        // What it gives back was committed before.
        return (await services.GetRequiredService<IWorkflowResumer>().ResumeAsync(filter, cancellationToken: cancellationToken)).Any();
    }

    /// <summary>The job, read once: it never changes. Null where it was ended meanwhile.</summary>
    async Task<StepJob?> KnownAsync(string id, CancellationToken cancellationToken)
    {
        var (at, job) = _seen[id];
        if (job is null) _seen[id] = (at, job = await jobs.FindAsync(id, cancellationToken));
        return job;
    }

    /// <summary>The database is asked once for all instances: most jobs wait for people, for days.</summary>
    async Task EndThoseOverAsync(IWorkflowInstanceStore instances, IReadOnlyList<OpenJob> open, CancellationToken cancellationToken)
    {
        var known = new List<StepJob>();
        foreach (var (id, _) in open)
        {
            if (await KnownAsync(id, cancellationToken) is { } job) known.Add(job);
        }
        foreach (var some in known.Chunk(Together))
        {
            var filter = new WorkflowInstanceFilter { Ids = [.. some.Select(j => j.Instance).Distinct()] };
            var found = (await instances.SummarizeManyAsync(filter, cancellationToken)).ToDictionary(i => i.Id, i => i.Status);
            foreach (var job in some.Where(j => IsOver(j, found)))
            {
                Over(job.Activity, job.Instance);
                await jobs.CancelAsync(job.Id, cancellationToken);
            }
        }
    }

    /// <summary>An instance that was never committed left a job when its host was killed; one that is just being started is not there yet either.</summary>
    bool IsOver(StepJob job, Dictionary<string, WorkflowStatus> instances) =>
        instances.TryGetValue(job.Instance, out var status) ? status == WorkflowStatus.Finished : clock.UtcNow - _seen[job.Id].At >= NeverStarted;

    bool IsDue(string id) => !_unheard.TryGetValue(id, out var later) || later.Next <= clock.UtcNow;

    void SendLater(string id)
    {
        var pause = _unheard.TryGetValue(id, out var before) ? before.Pause * 2 : poll;
        if (pause > LongestPause) pause = LongestPause;
        _unheard[id] = (clock.UtcNow + pause, pause);
    }

    void Forget(IReadOnlyList<OpenJob> open)
    {
        var ids = open.Select(j => j.Id).ToHashSet();
        foreach (var gone in _seen.Keys.Where(id => !ids.Contains(id)).ToList())
        {
            _seen.Remove(gone);
            _unheard.Remove(gone);
        }
        foreach (var id in ids) _seen.TryAdd(id, (clock.UtcNow, null));
    }

    [LoggerMessage(LogLevel.Warning, "Answers of steps could not be delivered and will be sent again: {Reason}")]
    partial void Troubled(string reason);

    [LoggerMessage(LogLevel.Information, "{Activity} of instance {Instance} is ended: its instance is over")]
    partial void Over(string activity, string instance);
}
