using Rlhf.Adapters.Mlflow;
using Rlhf.Adapters.Mlflow.Projection;
using Rlhf.Adapters.Resilience;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Running;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Mlflow.Projection;

/// <summary>A store with three rounds, delivered to an MLflow of the tests' own.</summary>
public sealed class DeliveryTests : IAsyncLifetime
{
    StubMlflow _mlflow = null!;
    SomeStore _store = null!;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _mlflow = await StubMlflow.StartAsync();
        _store = await SomeStore.WithRoundsAsync();
    }

    public ValueTask DisposeAsync() => _mlflow.DisposeAsync();

    [Fact]
    public async Task Everything_stands_in_MLflow_once_below_its_round()
    {
        using var sender = new Sender(this);

        var report = await sender.Delivery.DeliverAsync(Token);

        Assert.True(report.Complete, string.Join(' ', report.Troubles));
        await AssertWholeAsync();
        var champion = _mlflow.Models.Single(m => m.Name == "rlhf-policy");
        Assert.Equal(["1", "2", "3"], champion.Versions.Select(v => v.Tags["rlhf.version"]));
        Assert.Equal("2", champion.Aliases.Single(a => a.Key.EndsWith("champion", StringComparison.Ordinal)).Value);
        Assert.Equal("1", champion.Aliases.Single(a => a.Key.EndsWith("previous", StringComparison.Ordinal)).Value);
        Assert.Contains(_mlflow.Files, f => f.Key.EndsWith("/model-card.md", StringComparison.Ordinal));
        Assert.True((await sender.Delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task The_pages_of_what_was_delivered_are_known_without_asking_the_server_and_there_are_none_before()
    {
        using var sender = new Sender(this);
        var instance = SomeStore.Instance(1);
        var before = await sender.Delivery.PagesOfAsync(instance, Token);
        await sender.Delivery.DeliverAsync(Token);
        var asked = _mlflow.Requests.Count;

        var pages = await sender.Delivery.PagesOfAsync(instance, Token);

        Assert.Empty(before);
        Assert.Equal(asked, _mlflow.Requests.Count);
        var runs = _mlflow.Runs.ToDictionary(r => r.Id);
        Assert.True(pages.Count > 1 && pages.ContainsKey(instance), string.Join(", ", pages.Keys));
        foreach (var (key, page) in pages)
        {
            var run = runs[page.Fragment.Split('/')[^1]];
            Assert.Equal($"{_mlflow.Address.TrimEnd('/')}/#/experiments/{run.Experiment.Id}/runs/{run.Id}", page.AbsoluteUri);
            Assert.Equal(key, run.Tags.GetValueOrDefault("rlhf.step_key") ?? run.Tags["rlhf.instance"]);
        }
    }

    [Fact]
    public async Task A_second_delivery_asks_nothing_of_the_server_until_the_store_has_news()
    {
        using var sender = new Sender(this);
        await sender.Delivery.DeliverAsync(Token);
        var before = _mlflow.Requests.Count;

        await sender.Delivery.DeliverAsync(Token);
        var without = _mlflow.Requests.Count;
        await _store.ReportAsync(3, SomeStore.Ref("policy", "challenger 1"), SomeStore.Ref("policy", "challenger 3"), "Reject");
        await sender.Delivery.DeliverAsync(Token);

        Assert.Equal(before, without);
        Assert.True(_mlflow.Requests.Count > without);
        await AssertWholeAsync();
        Assert.Equal(4, _mlflow.Models.Single(m => m.Name == "rlhf-policy").Versions.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_sender_killed_at_any_request_is_taken_up_by_the_next_one_and_nothing_is_there_twice(bool carriedOut)
    {
        using (var whole = new Sender(this)) await whole.Delivery.DeliverAsync(Token);
        var requests = _mlflow.Requests.Count;
        Assert.True(requests > 40, $"{requests}");

        // A prime number apart, so that in turn each kind of request is hit; every one would be the same test some hundred times.
        for (var killed = carriedOut ? 1 : 2; killed <= requests; killed += 3)
        {
            await using var server = await StubMlflow.StartAsync();
            var store = await SomeStore.WithRoundsAsync();
            var count = 0;
            server.Faults = _ => Interlocked.Increment(ref count) < killed ? null : carriedOut && count == killed ? new Fault.ResetAfter() : new Fault.ResetBefore();
            using (var dying = new Sender(store, server)) await Assert.ThrowsAsync<MlflowException>(() => dying.Delivery.DeliverAsync(Token));
            server.Faults = _ => null;

            using var next = new Sender(store, server, later: TimeSpan.FromMinutes(5));
            var report = await next.Delivery.DeliverAsync(Token);

            Assert.True(report.Complete, $"killed at {killed}: {string.Join(' ', report.Troubles.Concat(report.HeldByOthers))}");
            await AssertWholeAsync(store, server);
            Assert.True((await next.Delivery.StatusAsync(Token)).Clean, $"killed at {killed}");
        }
    }

    [Fact]
    public async Task Two_senders_at_once_leave_what_one_leaves()
    {
        using var one = new Sender(this);
        using var two = new Sender(this);

        await Task.WhenAll(Task.Run(() => one.Delivery.DeliverAsync(Token), Token), Task.Run(() => two.Delivery.DeliverAsync(Token), Token));
        await one.Delivery.DeliverAsync(Token);
        await two.Delivery.DeliverAsync(Token);

        await AssertWholeAsync();
        Assert.Equal([3, 2], _mlflow.Models.OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => m.Versions.Count));
    }

    [Fact]
    public async Task On_a_server_that_fails_in_a_fifth_of_calls_everything_is_delivered_once()
    {
        var count = 0;
        _mlflow.Faults = _ =>
        {
            var number = Interlocked.Increment(ref count);
            if ((uint)(number * 2654435761L >> 7) % 100 >= 20) return null;
            return (number % 6) switch
            {
                0 => new Fault.Refuse(503),
                1 => new Fault.Refuse(429),
                2 => new Fault.LoseAnswer(500),
                3 => new Fault.ResetBefore(),
                4 => new Fault.ResetAfter(),
                _ => new Fault.Truncate(),
            };
        };
        using var sender = new Sender(_store, _mlflow, options: new() { FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(5) });

        await sender.Delivery.DeliverAsync(Token);
        _mlflow.Faults = _ => null;

        await AssertWholeAsync();
        Assert.True((await sender.Delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task Status_names_what_waits_and_what_somebody_changed_and_repair_mends_it()
    {
        using var sender = new Sender(this);
        var waiting = (await sender.Delivery.StatusAsync(Token)).Waiting;
        await sender.Delivery.DeliverAsync(Token);
        using (var somebody = Client(_mlflow))
        {
            var policy = _mlflow.Runs.Single(r => r.Tags.GetValueOrDefault("rlhf.step_key") == SomeStore.Key("TrainPolicy 1"));
            await somebody.SetRunTagAsync(policy.Id, new("rlhf.step", "Nonsense"), Token);
            await somebody.DeleteRunAsync(_mlflow.Runs.Single(r => r.Tags.GetValueOrDefault("rlhf.step_key") == SomeStore.Key("TrainRewardModel 1")).Id, Token);
            await somebody.SetAliasAsync("rlhf-policy", _mlflow.Models.Single(m => m.Name == "rlhf-policy").Aliases.Keys.First(a => a.EndsWith("champion", StringComparison.Ordinal)), "3", Token);
        }

        var status = await sender.Delivery.StatusAsync(Token);
        var repair = await sender.Delivery.RepairAsync(Token);
        var after = await sender.Delivery.StatusAsync(Token);

        Assert.True(waiting is { Runs: > 10, Lines: > 2500, Versions: 5 }, $"{waiting}");
        Assert.Contains(status.Differences, d => d.What.Contains("trainpolicy", StringComparison.Ordinal) && d.How.Contains("rlhf.step", StringComparison.Ordinal));
        Assert.Contains(status.Differences, d => d.What.Contains("trainrewardmodel", StringComparison.Ordinal) && d.How.Contains("missing", StringComparison.Ordinal));
        Assert.Contains(status.Differences, d => d.What.Contains("rlhf-policy", StringComparison.Ordinal));
        Assert.True(repair.Complete, string.Join(' ', repair.Troubles));
        Assert.True(after.Clean, string.Join(' ', after.Differences));
        await AssertWholeAsync();
    }

    [Fact]
    public async Task A_round_that_failed_without_a_report_is_closed_as_failed_and_one_that_runs_stays_running()
    {
        using var sender = new Sender(_store, _mlflow, ends: (instance, _) =>
            Task.FromResult<RunEnd?>(instance == SomeStore.Instance(3) ? new(RunOutcome.Failed, SomeStore.Start.AddHours(2)) : null));
        using (var unknowing = new Sender(this)) await unknowing.Delivery.DeliverAsync(Token);
        var running = Round(3).Status;

        await sender.Delivery.DeliverAsync(Token);

        Assert.Equal(("RUNNING", "FAILED", "FINISHED"), (running, Round(3).Status, Round(1).Status));
    }

    [Fact]
    public async Task A_credential_in_an_input_never_leaves()
    {
        const string key = "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFy";
        await _store.RecordAsync(9, "CollectJudgements", new() { ["labeler"] = $"https://user:{key}@host/?sig={key}", ["apiKey"] = key }, [], []);
        using var sender = new Sender(this);

        await sender.Delivery.DeliverAsync(Token);

        var run = _mlflow.Runs.Single(r => r.Tags.GetValueOrDefault("rlhf.step_key") == SomeStore.Key("CollectJudgements 9"));
        Assert.Contains(run.Params, p => p.Value.Contains("[redacted]", StringComparison.Ordinal));
        Assert.DoesNotContain(_mlflow.Runs.SelectMany(r => r.Params.Values.Concat(r.Tags.Values)), v => v.Contains(key, StringComparison.Ordinal));
    }

    StubRun Round(int round) => _mlflow.Runs.Single(r => r.Tags.GetValueOrDefault("rlhf.instance") == SomeStore.Instance(round) && !r.Deleted);

    Task AssertWholeAsync() => AssertWholeAsync(_store, _mlflow);

    /// <summary>A run for each record below the run of its round, its points those of its journal, each once.</summary>
    static async Task AssertWholeAsync(SomeStore store, StubMlflow mlflow)
    {
        var runs = mlflow.Runs.Where(r => !r.Deleted).ToList();
        var records = await new StepRecords(store.Objects).ListAsync(Token);
        foreach (var record in records)
        {
            var run = Assert.Single(runs, r => r.Tags.GetValueOrDefault("rlhf.step_key") == record.Key);
            var parent = Assert.Single(runs, r => r.Tags.GetValueOrDefault("rlhf.instance") == record.Instance);
            Assert.Equal(parent.Id, run.Tags["mlflow.parentRunId"]);
            var lines = record.Journal is null ? [] : await MetricJournal.ReadAsync(store.Objects, record.Journal, Token);
            Assert.Equal(
                lines.Select(l => $"{l.Metric} {l.Update} {l.Value:R} {l.At.ToUnixTimeMilliseconds()}").Order(StringComparer.Ordinal),
                run.Points.Select(p => $"{p.Key} {p.Step} {p.Value:R} {p.Timestamp}").Order(StringComparer.Ordinal));
        }
        Assert.Equal(records.Count + records.Select(r => r.Instance).Distinct().Count(), runs.Count);
    }

    static MlflowClient Client(StubMlflow mlflow, PipelineOptions? options = null) => new(
        MlflowSettings.FromEnvironment(name => name == "MLFLOW_TRACKING_URI" ? mlflow.Address : null, Path.GetTempPath())!,
        Pipelines.Mlflow(options ?? new() { Retries = 0 }, TimeProvider.System));

    sealed class Sender : IDisposable
    {
        readonly MlflowClient _client;

        public Sender(DeliveryTests test) : this(test._store, test._mlflow) { }

        public Sender(SomeStore store, StubMlflow mlflow, RunEnds? ends = null, TimeSpan later = default, PipelineOptions? options = null)
        {
            _client = Client(mlflow, options);
            Delivery = new(store.Objects, _client, new(), new LaterClock(later), ends);
        }

        public TrackingDelivery Delivery { get; }

        public void Dispose()
        {
            Delivery.Dispose();
            _client.Dispose();
        }
    }

    /// <summary>The machine's clock, so much ahead: a lease that a killed sender left is over.</summary>
    sealed class LaterClock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;
    }
}
