using Microsoft.Extensions.Time.Testing;
using Rlhf.Adapters.Mlflow;
using Rlhf.Adapters.Mlflow.Projection;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Running;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Mlflow.Projection;

/// <summary>What is delivered of a step while it runs: the lines that its newest checkpoint covers, each once, whoever goes on with it.</summary>
public sealed class RunningTests : IAsyncLifetime
{
    readonly FakeTimeProvider _time = new(SomeStore.Start);
    readonly SomeStore _store = new();
    RunEnd? _end;
    StubMlflow _mlflow = null!;
    MlflowClient _client = null!;
    TrackingDelivery _delivery = null!;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _mlflow = await StubMlflow.StartAsync();
        await _store.StartRoundAsync(1, SomeStore.Sft);
        _client = Clients.For(_mlflow.Address, Clients.Patient(retries: 1));
        _delivery = Delivery((instance, _) => Task.FromResult(instance == SomeStore.Instance(1) ? _end : null));
    }

    public async ValueTask DisposeAsync()
    {
        _delivery.Dispose();
        _client.Dispose();
        await _mlflow.DisposeAsync();
    }

    TrackingDelivery Delivery(RunEnds? ends = null) => new(_store.Objects, _client, new(), _time, ends);

    Task TrainAsync(int epoch = 0, int killedAfter = TrainingStep.Updates, string? instance = null, Func<int, Task>? at = null) =>
        TrainingStep.RunAsync(_store.Objects, _time, epoch, killedAfter, instance, at);

    StubRun Training => Assert.Single(_mlflow.Runs, r => !r.Deleted && r.Tags.GetValueOrDefault("rlhf.step") == "TrainPolicy");

    StubRun Round(int round = 1) => Assert.Single(_mlflow.Runs, r => !r.Deleted && r.Tags.GetValueOrDefault("rlhf.instance") == SomeStore.Instance(round));

    [Fact]
    public async Task A_step_that_runs_stands_below_its_round_with_the_lines_that_its_checkpoint_covers()
    {
        await TrainAsync(killedAfter: 5);
        var waiting = (await _delivery.StatusAsync(Token)).Waiting;

        await _delivery.DeliverAsync(Token);

        Assert.Equal(new(3, 8, 0, 0), waiting);
        Assert.Equal(("RUNNING", null, "trainpolicy"), (Training.Status, Training.EndTime, Training.Name));
        Assert.Equal(Round().Id, Training.Tags["mlflow.parentRunId"]);
        Assert.Equal(("1", $"{SomeStore.Sft}"), (Training.Tags["rlhf.round"], Training.Tags["rlhf.input.policy"]));
        Assert.False(Training.Tags.ContainsKey("rlhf.outcome"));
        Assert.Equal(("0.2", "7"), (Training.Params["clipRange"], Training.Params["input.seed"]));
        AssertLines(upTo: 4);
        Assert.True((await _delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task Without_a_further_checkpoint_nothing_is_asked_of_the_server()
    {
        await TrainAsync(killedAfter: 3);
        await _delivery.DeliverAsync(Token);
        var before = _mlflow.Requests.Count;

        await TrainAsync(epoch: 1, killedAfter: 3);
        await _delivery.DeliverAsync(Token);

        Assert.Equal(before, _mlflow.Requests.Count);
    }

    [Fact]
    public async Task What_follows_a_kill_and_a_resume_comes_with_the_next_checkpoint_and_the_rest_with_the_record()
    {
        await TrainAsync(epoch: 0, killedAfter: 3);
        await _delivery.DeliverAsync(Token);
        AssertLines(upTo: 2);
        await TrainAsync(epoch: 1, killedAfter: 5);
        using (var elsewhere = Delivery()) await elsewhere.DeliverAsync(Token);
        AssertLines(upTo: 4);

        await TrainAsync(epoch: 2);
        await _delivery.DeliverAsync(Token);

        await AssertFinishedAsync(sameTimes: true);
        Assert.Equal("FINISHED", Training.Status);
        Assert.Empty(await _store.Objects.EntriesAsync("checkpoints/", Token));
    }

    [Fact]
    public async Task Lines_of_a_worker_that_was_cut_off_do_not_come_again_with_the_times_of_the_one_that_took_over()
    {
        var times = Array.Empty<long>();
        await ForkAsync(async () =>
        {
            await _delivery.DeliverAsync(Token);
            times = [.. Training.Points.Select(p => p.Timestamp)];
        });

        Assert.Equal(times, Training.Points.Take(8).Select(p => p.Timestamp));
        await AssertFinishedAsync(sameTimes: false);
    }

    [Fact]
    public async Task Nor_where_the_sender_was_killed_before_it_acknowledged_them()
    {
        await ForkAsync(async () =>
        {
            _mlflow.Faults = context => context.Request.Path.Value!.EndsWith("runs/log-batch", StringComparison.Ordinal) ? new Fault.ResetAfter() : null;
            await Assert.ThrowsAsync<MlflowException>(() => _delivery.DeliverAsync(Token));
            _mlflow.Faults = _ => null;
            AssertLines(upTo: 4);
        });

        await AssertFinishedAsync(sameTimes: false);
    }

    [Fact]
    public async Task A_server_that_is_away_meanwhile_gets_everything_at_the_end()
    {
        _mlflow.Faults = _ => new Fault.Refuse(503);
        await TrainAsync(at: async n =>
        {
            if (n is 3 or 5) await Assert.ThrowsAsync<MlflowException>(() => _delivery.DeliverAsync(Token));
        });

        _mlflow.Faults = _ => null;
        await _delivery.DeliverAsync(Token);

        await AssertFinishedAsync(sameTimes: true);
    }

    [Fact]
    public async Task A_step_that_another_instance_goes_on_with_moves_below_that_one_and_no_line_comes_twice()
    {
        await TrainAsync(killedAfter: 3);
        await _delivery.DeliverAsync(Token);
        await _store.StartRoundAsync(2, SomeStore.Sft);

        await TrainAsync(killedAfter: 5, instance: SomeStore.Instance(2));
        await _delivery.DeliverAsync(Token);
        var (running, parent) = (Training.Status, Training.Tags["mlflow.parentRunId"]);
        await TrainAsync(instance: SomeStore.Instance(2));
        await _delivery.DeliverAsync(Token);

        Assert.Equal(("RUNNING", Round(2).Id), (running, parent));
        Assert.Equal(Round(2).Id, Training.Tags["mlflow.parentRunId"]);
        await AssertFinishedAsync(sameTimes: true);
    }

    [Theory]
    [InlineData(RunOutcome.Failed, "FAILED", "FAILED")]
    [InlineData(RunOutcome.Cancelled, "KILLED", "KILLED")]
    [InlineData(RunOutcome.Finished, "KILLED", "FINISHED")]
    public async Task A_step_that_never_finishes_ends_with_its_instance(RunOutcome outcome, string step, string round)
    {
        await TrainAsync(killedAfter: 3);
        await _delivery.DeliverAsync(Token);

        _end = new(outcome, SomeStore.Start.AddHours(1));
        await _delivery.DeliverAsync(Token);

        Assert.Equal((step, round), (Training.Status, Round().Status));
        Assert.Equal(SomeStore.Start.AddHours(1).ToUnixTimeMilliseconds(), Training.EndTime);
        Assert.True((await _delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task One_that_is_resumed_runs_again_on_every_machine()
    {
        await TrainAsync(killedAfter: 3);
        _end = new(RunOutcome.Failed, SomeStore.Start.AddHours(1));
        await _delivery.DeliverAsync(Token);
        using var unknowing = Delivery();
        await unknowing.DeliverAsync(Token);
        var failed = (Training.Status, Round().Status);

        _end = null;
        await TrainAsync(epoch: 1, killedAfter: 5);
        await unknowing.DeliverAsync(Token);
        await _delivery.DeliverAsync(Token);

        Assert.Equal(("FAILED", "FAILED"), failed);
        Assert.Equal(("RUNNING", "RUNNING"), (Training.Status, Round().Status));
        AssertLines(upTo: 4);
    }

    [Fact]
    public async Task A_checkpoint_that_cannot_be_read_is_named_and_keeps_nothing_else_back()
    {
        await TrainAsync(killedAfter: 3);
        var journal = (await _store.Objects.EntriesAsync("checkpoints/", Token)).Where(o => !o.Name.EndsWith(".json", StringComparison.Ordinal)).MaxBy(o => o.Size)!;
        await _store.Objects.DeleteAsync(journal.Name, Token);

        var report = await _delivery.DeliverAsync(Token);

        Assert.Contains("lacks its file 'journal.jsonl'", Assert.Single(report.Troubles), StringComparison.Ordinal);
        Assert.Equal("RUNNING", Round().Status);
    }

    /// <summary>
    /// Epoch 2 takes over at the checkpoint of update 2 and is slow; epoch 1, cut off, goes on to that of update 4; something happens; then epoch 2
    /// computes updates 3 to 6 in its own time, delivered at its checkpoint and at its end.
    /// </summary>
    async Task ForkAsync(Func<Task> between)
    {
        await TrainAsync(epoch: 1, killedAfter: 2);
        await _delivery.DeliverAsync(Token);
        await TrainAsync(epoch: 2, at: async n =>
        {
            if (n == 3)
            {
                await TrainAsync(epoch: 1, killedAfter: 5);
                await between();
            }
            if (n == 5) await _delivery.DeliverAsync(Token);
        });
        await _delivery.DeliverAsync(Token);
    }

    void AssertLines(int upTo) => Assert.Equal(
        Enumerable.Range(1, upTo).SelectMany(n => new[] { ("objective/kl", (long)n, n * 0.1), ("ppo/policy/clipfrac", n, n * 0.01) }),
        Training.Points.Select(p => (p.Key, p.Step, p.Value)));

    async Task AssertFinishedAsync(bool sameTimes)
    {
        AssertLines(upTo: TrainingStep.Updates);
        var record = (await new StepRecords(_store.Objects).ListAsync(Token)).Single(r => r.Step == "TrainPolicy");
        var times = (await MetricJournal.ReadAsync(_store.Objects, record.Journal!, Token)).Select(l => l.At.ToUnixTimeMilliseconds());
        Assert.Equal(sameTimes, times.SequenceEqual(Training.Points.Select(p => p.Timestamp)));
        Assert.Equal("Done", Training.Tags["rlhf.outcome"]);
        Assert.True((await _delivery.StatusAsync(Token)).Clean);
    }
}
