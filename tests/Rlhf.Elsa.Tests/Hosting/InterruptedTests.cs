using System.Collections.Concurrent;
using Elsa.Workflows.Management;
using Elsa.Workflows.Management.Entities;
using Elsa.Workflows.Management.Filters;
using Elsa.Workflows.Runtime;
using Elsa.Workflows.Runtime.Filters;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Elsa.Tests.Support;

namespace Rlhf.Elsa.Tests.Hosting;

/// <summary>What a host that was killed at the worst moment leaves in the database, and what becomes of it.</summary>
public sealed class InterruptedTests
{
    [Fact]
    public async Task An_instance_that_went_on_before_it_was_restarted_begins_nothing_anew()
    {
        await using var world = await FakeWorld.StartAsync();
        var (instance, executions) = await WaitingAsync(world);

        // As Elsa does for an instance that it found interrupted; another delivered the answer in between.
        for (var i = 0; i < 3; i++) await ScopedAsync(world, services => services.GetRequiredService<IWorkflowRestarter>().RestartWorkflowAsync(instance));
        // Interrupted as it seems, but nothing that it had begun is not over.
        await ChangeAsync(world, instance, found => found.IsExecuting = found.WorkflowState.IsExecuting = true);
        await ScopedAsync(world, services => services.GetRequiredService<IWorkflowRestarter>().RestartWorkflowAsync(instance));

        Work(world, executions);
        await world.UntilAsync(instance, "Finished");
        Assert.Equal(["fake"], executions);
    }

    [Fact]
    public async Task A_kill_after_a_bookmark_was_removed_and_before_the_state_was_kept_loses_no_answer()
    {
        await using var world = await FakeWorld.StartAsync();
        var (instance, executions) = await WaitingAsync(world);

        await ScopedAsync(world, async services => Assert.Equal(1, await services.GetRequiredService<IBookmarkStore>().DeleteAsync(new BookmarkFilter { WorkflowInstanceId = instance }, default)));

        Work(world, executions);
        await world.UntilAsync(instance, "Finished");
        Assert.Equal(["fake"], executions);
    }

    [Fact]
    public async Task A_kill_after_a_bookmark_was_stored_and_before_the_state_was_kept_loses_no_answer()
    {
        await using var world = await FakeWorld.StartAsync();
        var (instance, executions) = await WaitingAsync(world);

        await ChangeAsync(world, instance, found =>
        {
            found.WorkflowState.Bookmarks.Clear();
            found.IsExecuting = found.WorkflowState.IsExecuting = true;
            found.WorkflowState.ActivityExecutionContexts.Single(c => c.ScheduledActivityNodeId.EndsWith(":fake", StringComparison.Ordinal)).IsExecuting = true;
        });

        Work(world, executions);
        await world.UntilAsync(instance, "Finished");
        Assert.Equal(["fake"], executions);
    }

    static async Task<(string Instance, ConcurrentQueue<string> Executions)> WaitingAsync(FakeWorld world)
    {
        await world.PublishAsync("interrupted");
        var instance = await world.DispatchAsync("interrupted");
        await world.UntilAsync(instance, "Suspended");
        return (instance, new());
    }

    static void Work(FakeWorld world, ConcurrentQueue<string> executions) => world.Work((execution, _, _) =>
    {
        executions.Enqueue(execution.Activity);
        return Task.FromResult(FakeStep.Done());
    });

    /// <summary>Changes what is stored of an instance, as of a minute ago.</summary>
    static Task ChangeAsync(FakeWorld world, string instance, Action<WorkflowInstance> change) => ScopedAsync(world, async services =>
    {
        var store = services.GetRequiredService<IWorkflowInstanceStore>();
        var found = (await store.FindAsync(new WorkflowInstanceFilter { Id = instance }))!;
        change(found);
        found.UpdatedAt = found.WorkflowState.UpdatedAt = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        await store.SaveAsync(found);
    });

    static async Task ScopedAsync(FakeWorld world, Func<IServiceProvider, Task> action)
    {
        await using var scope = world.Host.Services.CreateAsyncScope();
        await action(scope.ServiceProvider);
    }
}
