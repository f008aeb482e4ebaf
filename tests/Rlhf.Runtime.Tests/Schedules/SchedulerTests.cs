using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests.Schedules;

public sealed class SchedulerTests : IDisposable
{
    sealed class Watcher : IDriverObserver
    {
        public List<string> Troubles { get; } = [];

        public Func<Task>? BeforeSaving { get; set; }

        public void Trouble(string message) => Troubles.Add(message);

        public void Saving(string instance, Transition transition)
        {
            var act = BeforeSaving;
            BeforeSaving = null;
            act?.Invoke().GetAwaiter().GetResult();
        }
    }

    static readonly TimeSpan Day = TimeSpan.FromDays(1);

    readonly TemporaryFolder _folder = new();
    readonly FakeTimeProvider _time = new(Some.Time); // 2025-03-01 12:00 UTC
    readonly FakeStep _work = new("Work");
    readonly Watcher _watcher = new();
    Func<string, string> _resolve = text => text;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_trigger_starts_an_instance_at_each_of_its_times_with_the_wait_over()
    {
        using var node = Open();
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *", new() { ["scheduleInput.text"] = "by the clock" }));

        await node.TickAsync();
        var before = (await node.InstancesAsync()).Count;
        await AdvanceAsync(node, Day, 3);

        Assert.Equal(0, before);
        var instances = await node.InstancesAsync();
        Assert.Equal([WorkflowStatus.Finished, WorkflowStatus.Finished, WorkflowStatus.Finished], instances.Select(i => i.Status));
        Assert.Equal(["daily", "work"], Some.Ran(await node.Store.LogAsync(instances[0].Id, 0, CancellationToken.None)));
        var started = (Started)(await node.Store.EventsAsync(instances[0].Id, CancellationToken.None))[0];
        Assert.Equal((true, "daily", "by the clock"), (started.Triggered, started.StartActivity, (string?)started.Inputs["text"]));
        Assert.Equal(instances.Select(i => (string?)i.Id), (await node.FiringsAsync()).Select(f => f.InstanceId));
    }

    [Fact]
    public async Task A_cron_is_read_in_the_time_zone_of_its_workflow()
    {
        using var node = Open();
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *", new() { ["scheduleTimeZone"] = "Asia/Tokyo" }));

        var schedule = (await node.Schedules.ListAsync(default)).Single();

        Assert.Equal(("Asia/Tokyo", Some.Time.AddHours(6)), (schedule.Zone, schedule.NextDue)); // 03:00 in Tokyo is 18:00 UTC
    }

    [Fact]
    public async Task What_was_missed_while_everything_was_down_is_run_once()
    {
        using var node = Open();
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));

        await AdvanceAsync(node, 5 * Day, 1);

        var firings = await node.FiringsAsync();
        Assert.Equal(5, firings.Count);
        Assert.Equal((await node.InstancesAsync()).Single().Id, firings[^1].InstanceId);
        Assert.All(firings.SkipLast(1), f => Assert.Equal("missed; made up for by the one due at 2025-03-06 03:00:00Z", f.Skipped));
    }

    [Fact]
    public async Task What_was_missed_is_left_out_where_the_policy_says_so()
    {
        using var node = Open();
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *", new() { ["scheduleMissed"] = "skip" }));

        await AdvanceAsync(node, 2 * Day, 1);
        var then = (await node.InstancesAsync()).Count;
        await AdvanceAsync(node, TimeSpan.FromHours(15), 1); // exactly 03:00

        Assert.Equal(0, then);
        Assert.Equal([false, false, true], (await node.FiringsAsync()).Select(f => f.InstanceId is not null));
    }

    [Fact]
    public async Task What_is_due_while_schedules_are_left_to_someone_else_starts_nothing_then_or_later_and_says_so()
    {
        using (var node = Open(leftTo: "the Elsa server http://elsa"))
        {
            await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
            await AdvanceAsync(node, Day, 2);
        }

        using var later = Open();
        await later.TickAsync();
        var then = (await later.InstancesAsync()).Count;
        await AdvanceAsync(later, Day, 1);

        Assert.Equal(0, then);
        var left = "left to the Elsa server http://elsa";
        Assert.Equal([left, left, null], (await later.FiringsAsync()).Select(f => f.Skipped));
        Assert.Single(await later.InstancesAsync());
    }

    [Fact]
    public async Task What_is_left_to_someone_else_is_started_by_hand_all_the_same()
    {
        using var node = Open(leftTo: "the Elsa server http://elsa");
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));

        var instance = await node.Schedules.RunAsync("some-flow", null, CancellationToken.None);
        await node.TickAsync();

        Assert.Equal((instance, WorkflowStatus.Finished), (await node.InstancesAsync()).Select(i => (i.Id, i.Status)).Single());
    }

    [Fact]
    public async Task A_round_never_overlaps_itself_whoever_started_it()
    {
        var answers = false;
        var asks = new FakeStep("Work", (_, _) => answers ? FakeStep.Done("done") : new StepResult.Waiting([], _time.GetUtcNow().AddHours(1), "people are asked"));
        using var node = new Node(new(_folder.Path), _time, [asks], _watcher);
        var definition = await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
        var byHand = await node.StartAsync(definition, []);

        await AdvanceAsync(node, Day, 2);
        answers = true;
        await AdvanceAsync(node, TimeSpan.FromHours(2), 1);
        await AdvanceAsync(node, Day, 1);

        var reason = $"Instance {byHand} is open, and a scheduled 'some-flow' never overlaps another one.";
        Assert.Equal([reason, reason, null], (await node.FiringsAsync()).Select(f => f.Skipped));
        Assert.Equal(2, (await node.InstancesAsync()).Count);
    }

    [Fact]
    public async Task A_schedule_whose_inputs_have_not_changed_is_skipped_with_that_reason()
    {
        var newest = "prompts/1";
        _resolve = text => text == "prompts@latest" ? newest : text;
        using var node = Open();
        var properties = new JsonObject { ["scheduleSkipUnchanged"] = true, ["scheduleInput.text"] = "prompts@latest" };
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *", properties));

        await AdvanceAsync(node, Day, 2);
        newest = "prompts/2";
        await AdvanceAsync(node, Day, 2);

        var firings = await node.FiringsAsync();
        Assert.Equal([null, $"inputs have not changed since instance {firings[0].InstanceId}", null, $"inputs have not changed since instance {firings[2].InstanceId}"], firings.Select(f => f.Skipped));
        Assert.Equal(["prompts/1@work", "prompts/2@work"], await ResultsAsync(node));
    }

    [Fact]
    public async Task Unchanged_inputs_are_tried_again_where_the_instance_failed()
    {
        var broken = true;
        var work = new FakeStep("Work", (_, _) => broken ? throw new InvalidDataException("NaN") : FakeStep.Done("done"));
        using var node = new Node(new(_folder.Path), _time, [work], _watcher);
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *", new() { ["scheduleSkipUnchanged"] = true }));

        await AdvanceAsync(node, Day, 1);
        broken = false;
        await AdvanceAsync(node, Day, 2);

        Assert.Equal([WorkflowStatus.Faulted, WorkflowStatus.Finished], (await node.InstancesAsync()).Select(i => i.Status));
        Assert.StartsWith("inputs have not changed since instance ", (await node.FiringsAsync())[^1].Skipped);
    }

    [Fact]
    public async Task Inputs_that_cannot_be_resolved_are_the_reason_and_the_next_time_is_tried_anew()
    {
        var failure = new Queue<Exception>([new ArgumentException("There is no 'prompts'; nothing has been named yet."), new HttpRequestException("503")]);
        _resolve = text => failure.TryDequeue(out var e) ? throw e : text;
        using var node = Open();
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));

        await AdvanceAsync(node, Day, 3);

        Assert.Equal(
            ["There is no 'prompts'; nothing has been named yet.", "The inputs of 'some-flow' could not be resolved: 503", null],
            (await node.FiringsAsync()).Select(f => f.Skipped));
        Assert.Equal(2, _watcher.Troubles.Count);
        Assert.Single(await node.InstancesAsync());
    }

    [Fact]
    public async Task A_definition_that_can_no_longer_be_read_is_the_reason_and_stops_no_other()
    {
        using (var before = Open())
        {
            await before.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
        }
        using var node = new Node(new(_folder.Path), _time, [new FakeStep("Other")], _watcher);
        var other = ScheduledFlow.Cron("0 3 * * *");
        other["definitionId"] = "other-flow";
        other["root"]!["activities"]![2]!["type"] = "Rlhf.Other";
        await node.PublishAsync(other);

        await AdvanceAsync(node, Day, 1);

        var firings = (await node.FiringsAsync()).ToDictionary(f => f.DefinitionId);
        Assert.Contains("activity 'work' is of type 'Rlhf.Work'", firings["some-flow"].Skipped);
        Assert.NotNull(firings["other-flow"].InstanceId);
        Assert.StartsWith("The schedule 'daily' of 'some-flow' started nothing: ", _watcher.Troubles.Single());
    }

    [Fact]
    public async Task A_zone_that_this_machine_does_not_know_lets_the_schedule_stand_still_with_the_reason()
    {
        using var node = Open();
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
        await using (var db = node.Store.Database.Connect()) await db.Schedules.ExecuteUpdateAsync(s => s.SetProperty(r => r.Zone, "Mars/Olympus"));

        await AdvanceAsync(node, Day, 2);

        var schedule = (await node.Schedules.ListAsync(default)).Single();
        const string sentence = "some-flow: 'Mars/Olympus' is no time zone that this machine knows; expected an IANA name such as Europe/Berlin, or UTC.";
        Assert.Equal((null, $"{sentence} The schedule stands still; rlhf schedules resume some-flow tries again."), (schedule.NextDue, schedule.Last!.Skipped));
        Assert.Single(await node.FiringsAsync());
        Assert.Equal(sentence, (await Assert.ThrowsAsync<InvalidDataException>(() => node.Schedules.ResumeAsync("some-flow", null, default))).Message);
    }

    [Fact]
    public async Task Of_two_nodes_that_see_the_same_time_come_one_starts_the_instance()
    {
        using var second = new Node(new(_folder.Path), _time, [_work]);
        using var first = Open();
        await first.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
        _time.Advance(Day);

        _watcher.BeforeSaving = second.TickAsync;
        await first.TickAsync();

        var instance = Assert.Single(await first.InstancesAsync());
        Assert.Equal(instance.Id, Assert.Single(await first.FiringsAsync()).InstanceId);
        Assert.Single(_work.Runs);
    }

    [Fact]
    public async Task A_schedule_that_is_paused_meanwhile_starts_nothing()
    {
        using var node = Open();
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
        _time.Advance(Day);

        _watcher.BeforeSaving = () => node.Schedules.PauseAsync("some-flow", null, default);
        await node.TickAsync();

        Assert.Empty(await node.InstancesAsync());
        Assert.Empty(await node.FiringsAsync());
    }

    [Theory]
    [InlineData("Elsa.Cron", "cronExpression", "0 0 30 2 *", "some-flow.json: activity 'daily': the cron expression '0 0 30 2 *' never fires; expected one with a time that comes.")]
    [InlineData("Elsa.Timer", "interval", "-01:00:00", "some-flow.json: activity 'daily': the interval is '-01:00:00'; expected a time span of at least 00:00:01 such as 00:30:00.")]
    public async Task A_trigger_that_never_fires_is_not_published(string type, string property, string value, string expected)
    {
        using var node = Open();

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => node.PublishAsync(ScheduledFlow.With(type, "daily", property, value)));

        Assert.Equal(expected, error.Message);
        Assert.Null(await node.Store.FindPublishedAsync("some-flow", default));
    }

    [Fact]
    public async Task A_new_version_keeps_what_is_unchanged_and_paused_and_removes_what_is_gone()
    {
        using var node = Open();
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
        await node.Schedules.PauseAsync("some-flow", null, default);

        await node.PublishAsync(ScheduledFlow.Cron("0 4 * * *"));
        var changed = (await node.Schedules.ListAsync(default)).Single();
        await node.PublishAsync(ScheduledFlow.With("Elsa.Timer", "often", "interval", "06:00:00"));
        var replaced = (await node.Schedules.ListAsync(default)).Single();

        Assert.Equal((true, "0 4 * * *", Some.Time.AddHours(16)), (changed.Paused, changed.Expression, changed.NextDue));
        Assert.Equal(("often", false, Some.Time.AddHours(6)), (replaced.Activity, replaced.Paused, replaced.NextDue));
    }

    [Fact]
    public async Task What_is_due_when_a_new_version_is_published_is_still_run()
    {
        using var node = Open();
        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
        _time.Advance(Day);

        await node.PublishAsync(ScheduledFlow.Cron("0 3 * * *", new() { ["scheduleInput.text"] = "new" }));
        await node.TickAsync();

        Assert.Equal(["new@work"], await ResultsAsync(node));
    }

    Node Open(string? leftTo = null) => new(new(_folder.Path), _time, [_work], _watcher, (text, _) => Task.FromResult(_resolve(text)), leftTo);

    async Task AdvanceAsync(Node node, TimeSpan by, int times)
    {
        for (var i = 0; i < times; i++)
        {
            _time.Advance(by);
            await node.TickAsync();
        }
    }

    static async Task<List<string?>> ResultsAsync(Node node)
    {
        var results = new List<string?>();
        foreach (var instance in await node.InstancesAsync())
        {
            var log = await node.Store.LogAsync(instance.Id, 0, CancellationToken.None);
            results.Add((string?)log.Single(l => l is { Execution: "work", Event: LogEvent.Completed }).Outputs!["result"]);
        }
        return results;
    }
}
