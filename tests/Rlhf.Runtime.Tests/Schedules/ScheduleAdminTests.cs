using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Schedules;
using Rlhf.Runtime.Store;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests.Schedules;

public sealed class ScheduleAdminTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly FakeTimeProvider _time = new(Some.Time); // 2025-03-01 12:00 UTC
    readonly Node _node;
    bool _waits;

    public ScheduleAdminTests()
    {
        var work = new FakeStep("Work", (_, _) => _waits ? new StepResult.Waiting([], _time.GetUtcNow().AddDays(9), "people are asked") : FakeStep.Done("done"));
        _node = new(new(_folder.Path), _time, [work]);
    }

    public void Dispose()
    {
        _node.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_list_says_when_it_is_due_and_what_it_did_last()
    {
        await _node.PublishAsync(ScheduledFlow.Cron("0 3 * * *", new() { ["scheduleMissed"] = "skip", ["scheduleSkipUnchanged"] = true }));

        var before = (await _node.Schedules.ListAsync(default)).Single();
        _time.Advance(TimeSpan.FromHours(15));
        await _node.TickAsync();
        var after = (await _node.Schedules.ListAsync(default)).Single();

        var due = Some.Time.AddHours(15);
        Assert.Equal(new("some-flow", "daily", TriggerKind.Cron, "0 3 * * *", "UTC", MissedTimes.Skip, true, false, due, null), before);
        Assert.Equal(due.AddDays(1), after.NextDue);
        Assert.Equal(new(due, due, (await _node.InstancesAsync()).Single().Id, null), after.Last);
    }

    [Fact]
    public async Task By_hand_it_runs_now_and_keeps_its_next_time()
    {
        await _node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));

        var id = await _node.Schedules.RunAsync("some-flow", null, default);

        var schedule = (await _node.Schedules.ListAsync(default)).Single();
        Assert.Equal((id, Some.Time, Some.Time.AddHours(15)), (schedule.Last!.Instance, schedule.Last.Due, schedule.NextDue));
        Assert.Equal(id, (await _node.InstancesAsync()).Single().Id);
    }

    [Fact]
    public async Task By_hand_too_it_never_overlaps_itself()
    {
        _waits = true;
        await _node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
        var open = await _node.Schedules.RunAsync("some-flow", null, default);
        await _node.TickAsync();

        var error = await Assert.ThrowsAsync<SingletonException>(() => _node.Schedules.RunAsync("some-flow", null, default));

        Assert.Equal($"Instance {open} is open, and a scheduled 'some-flow' never overlaps another one.", error.Message);
        Assert.Single(await _node.InstancesAsync());
    }

    [Fact]
    public async Task Paused_it_starts_nothing_and_resumed_it_does_not_make_up_for_the_pause()
    {
        await _node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));

        var paused = await _node.Schedules.PauseAsync("some-flow", "daily", default);
        _time.Advance(TimeSpan.FromDays(3));
        await _node.TickAsync();
        var resumed = await _node.Schedules.ResumeAsync("some-flow", null, default);
        await _node.TickAsync();

        Assert.True(paused.Single().Paused);
        Assert.Equal((false, Some.Time.AddDays(3).AddHours(15)), (resumed.Single().Paused, resumed.Single().NextDue));
        Assert.Empty(await _node.InstancesAsync());
    }

    [Fact]
    public async Task Resuming_what_runs_keeps_what_is_due()
    {
        await _node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
        _time.Advance(TimeSpan.FromDays(3));

        var resumed = await _node.Schedules.ResumeAsync("some-flow", null, default);

        Assert.Equal(Some.Time.AddHours(15), resumed.Single().NextDue);
    }

    [Fact]
    public async Task An_unknown_name_ends_in_the_names_there_are()
    {
        var none = await Assert.ThrowsAsync<ArgumentException>(() => _node.Schedules.RunAsync("some-flow", null, default));
        await _node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
        var unknown = await Assert.ThrowsAsync<ArgumentException>(() => _node.Schedules.PauseAsync("other-flow", null, default));
        var activity = await Assert.ThrowsAsync<ArgumentException>(() => _node.Schedules.ResumeAsync("some-flow", "weekly", default));

        Assert.Equal("There is no schedule 'some-flow'; no published workflow has a trigger.", none.Message);
        Assert.Equal("There is no schedule 'other-flow'; known are some-flow.", unknown.Message);
        Assert.Equal("'some-flow' has no trigger 'weekly'; known are daily.", activity.Message);
    }

    [Fact]
    public async Task What_an_event_starts_is_not_run_by_hand()
    {
        await _node.PublishAsync(ScheduledFlow.With("Elsa.Event", "pushed", "eventName", "ModelPushed"));

        var error = await Assert.ThrowsAsync<ArgumentException>(() => _node.Schedules.RunAsync("some-flow", null, default));

        Assert.Equal("'some-flow' is started by the event 'ModelPushed' and not by the clock; send that event instead.", error.Message);
        Assert.Equal((TriggerKind.Event, null), ((await _node.Schedules.ListAsync(default)).Single().Kind, (await _node.Schedules.ListAsync(default)).Single().NextDue));
    }
}
