using System.Text.Json.Serialization;
using Elsa.Common;
using Elsa.Extensions;
using Elsa.Workflows;
using Elsa.Workflows.Models;
using Elsa.Workflows.Runtime;
using Elsa.Workflows.Runtime.Stimuli;
using Elsa.Workflows.Signals;
using Rlhf.Elsa.Jobs;
using Rlhf.Steps.Jobs;
using Rlhf.Steps.Running;

namespace Rlhf.Elsa.Activities;

/// <summary>
/// Any step as an activity: leaves a job and waits for its answer on a bookmark that is called like the job. No step ever runs in a burst of Elsa's.
/// What it keeps between two bursts stands in the properties of its execution and, for the number of the pass, of the workflow.
/// </summary>
public sealed class StepActivity : Activity
{
    const string Job = "Rlhf.Job", Pass = "Rlhf.Pass", Dispatch = "Rlhf.Dispatch", FailedAttempts = "Rlhf.FailedAttempts";

    [JsonConstructor]
    public StepActivity() { }

    protected override async ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var step = StepOf(context);
        await WaitAsync(context, new StepJob(
            step.Name, step.Version, step.Queue, StepValues.Given(step, context), context.WorkflowExecutionContext.Id, Execution(context), context.GetProperty<int>(Dispatch))
        {
            Workflow = context.WorkflowExecutionContext.Workflow.Identity.DefinitionId,
        });
    }

    protected override async ValueTask OnSignalReceivedAsync(object signal, SignalContext context)
    {
        // Elsa removes the bookmarks of what is cancelled; the work behind them has to be told.
        if (signal is CancelSignal && context.IsSelf && context.ReceiverActivityExecutionContext.GetProperty<string>(Job) is { } job)
            await JobsOf(context.ReceiverActivityExecutionContext).CancelAsync(job, CancellationToken.None);
        await base.OnSignalReceivedAsync(signal, context);
    }

    async ValueTask WaitAsync(ActivityExecutionContext context, StepJob job, IReadOnlyList<string>? events = null)
    {
        context.ClearBookmarks();
        context.SetProperty(Job, job.Id);
        context.SetProperty(Dispatch, job.Dispatch);
        context.CreateBookmark(new CreateBookmarkArgs
        {
            BookmarkId = job.Id,
            BookmarkName = AnswerDelivery.Bookmark,
            Stimulus = new StepStimulus(job.Id),
            Callback = AnsweredAsync,
            IncludeActivityInstanceId = false,
        });
        foreach (var name in events ?? [])
        {
            context.CreateBookmark(new CreateBookmarkArgs
            {
                BookmarkName = RuntimeStimulusNames.Event,
                Stimulus = new EventStimulus(name),
                Callback = WokenAsync,
                IncludeActivityInstanceId = false,
                AutoBurn = false,
            });
        }
        await JobsOf(context).SubmitAsync(job, context.CancellationToken);
    }

    async ValueTask WokenAsync(ActivityExecutionContext context)
    {
        if (context.GetProperty<string>(Job) is { } job) await JobsOf(context).WakeAsync(job, context.CancellationToken);
    }

    async ValueTask AnsweredAsync(ActivityExecutionContext context)
    {
        var jobs = JobsOf(context);
        var id = context.GetProperty<string>(Job)!;
        // Read from where the worker left it, so that nothing that resumes the bookmark without an answer does any harm.
        if (await jobs.AnswerAsync(id, context.CancellationToken) is not { } answer)
        {
            if (await jobs.FindAsync(id, context.CancellationToken) is not { } open)
                throw new InvalidOperationException($"Job {id} of activity '{Id}' is gone without an answer; retry the activity.");
            await WaitAsync(context, open, open.Events);
            return;
        }
        if (answer.Kind == AnswerKind.Completed)
        {
            StepValues.SetOutputs(StepOf(context), answer.Outputs!, context);
            await context.CompleteActivityWithOutcomesAsync(answer.Outcome!);
            return;
        }
        await DispatchAgainAsync(context, jobs, id, answer);
    }

    async ValueTask DispatchAgainAsync(ActivityExecutionContext context, IStepJobs jobs, string id, StepAnswer answer)
    {
        var now = context.GetRequiredService<ISystemClock>().UtcNow;
        var failed = answer.Kind == AnswerKind.Failed ? context.GetProperty<int>(FailedAttempts) + 1 : 0;
        var policy = StepOf(context).Retry;
        context.SetProperty(FailedAttempts, failed);
        if (failed > 0 && (!answer.Transient || failed >= policy.Attempts))
        {
            // A retry of the activity is another dispatch, with its attempts before it.
            context.SetProperty(Dispatch, context.GetProperty<int>(Dispatch) + 1);
            context.SetProperty(FailedAttempts, 0);
            throw new InvalidOperationException(answer.Transient ? $"{answer.Reason} (tried {failed} times)" : answer.Reason);
        }
        if (await jobs.FindAsync(id, context.CancellationToken) is not { } last)
            throw new InvalidOperationException($"Job {id} of activity '{Id}' is gone; retry the activity.");
        // An event that came while the step ran may be one that it did not see yet.
        var due = failed > 0 ? now + policy.Delay(failed) : await jobs.IsWokenAsync(id, context.CancellationToken) ? now : answer.Deadline;
        await WaitAsync(context, last with { Dispatch = last.Dispatch + 1, State = answer.State ?? last.State, NotBefore = due, Events = answer.Events }, answer.Events);
    }

    /// <summary>
    /// The activity's id, and from the second pass of a loop on its number. Counted in the workflow and kept in the execution: an execution that Elsa begins
    /// again after a crash, with an id of its own or not, is the same pass.
    /// </summary>
    static string Execution(ActivityExecutionContext context)
    {
        var pass = context.GetProperty<int>(Pass);
        if (pass == 0)
        {
            var counter = $"{Pass}:{context.NodeId}";
            pass = context.WorkflowExecutionContext.GetProperty<int>(counter) + 1;
            context.WorkflowExecutionContext.SetProperty(counter, pass);
            context.SetProperty(Pass, pass);
        }
        var path = string.Join(':', context.NodeId.Split(':').Skip(2));
        return pass == 1 ? path : $"{path}#{pass}";
    }

    static StepDescription StepOf(ActivityExecutionContext context) => context.GetRequiredService<StepCatalog>().Find(context.Activity.Type);

    static IStepJobs JobsOf(ActivityExecutionContext context) => context.GetRequiredService<IStepJobs>();
}

/// <summary>What the bookmark of a job waits for.</summary>
public sealed record StepStimulus(string JobId);
