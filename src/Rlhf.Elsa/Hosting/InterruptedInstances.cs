using Elsa.Common;
using Elsa.Workflows.Management;
using Elsa.Workflows.Management.Entities;
using Elsa.Workflows.Management.Filters;
using Elsa.Workflows.Runtime;
using Elsa.Workflows.Runtime.Messages;
using Medallion.Threading;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Rlhf.Elsa.Hosting;

/// <summary>
/// Lets what a killed host was doing begin again, under the lock of the instance and after a look at it. Elsa's own restarter only queues a run, and a run that finds
/// nothing interrupted any more (an answer that was delivered meanwhile moved the instance on, or it was queued twice) begins the whole workflow anew.
/// </summary>
sealed partial class InterruptedInstances(
    IServiceProvider services, IWorkflowInstanceStore instances, IDistributedLockProvider locks, ISystemClock clock, ElsaHostOptions options, ILogger<InterruptedInstances> log) : IWorkflowRestarter
{
    public async Task RestartWorkflowAsync(string workflowInstanceId, CancellationToken cancellationToken = default)
    {
        // The lock that Elsa's distributed runtime holds for a burst: who has it is at work on the instance.
        await using var held = await locks.TryAcquireLockAsync($"workflow-instance:{workflowInstanceId}", cancellationToken: cancellationToken);
        if (held is null || await instances.FindAsync(new WorkflowInstanceFilter { Id = workflowInstanceId }, cancellationToken) is not { } instance || !IsInterrupted(instance)) return;
        if (instance.WorkflowState.ActivityExecutionContexts.Any(c => c.IsExecuting) || instance.WorkflowState.ScheduledActivities.Count > 0)
        {
            BegunAgain(workflowInstanceId);
            await ActivatorUtilities.CreateInstance<LocalWorkflowClient>(services, workflowInstanceId).RunInstanceAsync(new RunWorkflowInstanceRequest(), cancellationToken);
        }
        else
        {
            // Nothing of it was begun that is not over: it waits.
            instance.IsExecuting = instance.WorkflowState.IsExecuting = false;
            await instances.SaveAsync(instance, cancellationToken);
        }
    }

    bool IsInterrupted(WorkflowInstance instance) => instance.IsExecuting && clock.UtcNow - instance.UpdatedAt >= options.Interrupted;

    [LoggerMessage(LogLevel.Warning, "Instance {Instance} was interrupted; its activity begins again")]
    partial void BegunAgain(string instance);
}
