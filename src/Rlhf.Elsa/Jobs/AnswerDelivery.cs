using Elsa.Common;
using Elsa.Workflows;
using Elsa.Workflows.Management;
using Elsa.Workflows.Management.Filters;
using Elsa.Workflows.Runtime;
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

    readonly Dictionary<string, (DateTimeOffset Next, TimeSpan Pause)> _unheard = [];
    readonly Dictionary<string, DateTimeOffset> _seen = [];
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
            var resumed = await scope.ServiceProvider.GetRequiredService<IWorkflowResumer>().ResumeAsync(new BookmarkFilter { BookmarkId = job.Id }, cancellationToken: cancellationToken);
            // What it gives back was committed before.
            if (resumed.Any()) await jobs.AcknowledgeAsync(job.Id, cancellationToken);
            else SendLater(job.Id);
        }
        if (clock.UtcNow - _swept < BetweenSweeps) return;
        _swept = clock.UtcNow;
        foreach (var job in open) await EndIfOverAsync(scope.ServiceProvider, job.Id, cancellationToken);
    }

    async Task EndIfOverAsync(IServiceProvider services, string id, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, cancellationToken) is not { } job) return;
        var instance = await services.GetRequiredService<IWorkflowInstanceStore>().FindAsync(new WorkflowInstanceFilter { Id = job.Instance }, cancellationToken);
        // An instance that was never committed left a job when its host was killed; one that is just being started is not there yet either.
        if (instance is null ? clock.UtcNow - _seen[id] < NeverStarted : instance.Status != WorkflowStatus.Finished) return;
        Over(job.Activity, job.Instance);
        await jobs.CancelAsync(id, cancellationToken);
    }

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
        foreach (var id in ids) _seen.TryAdd(id, clock.UtcNow);
    }

    [LoggerMessage(LogLevel.Warning, "Answers of steps could not be delivered and will be sent again: {Reason}")]
    partial void Troubled(string reason);

    [LoggerMessage(LogLevel.Information, "{Activity} of instance {Instance} is ended: its instance is over")]
    partial void Over(string activity, string instance);
}
