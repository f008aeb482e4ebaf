using Rlhf.Adapters.Mlflow;
using Rlhf.Adapters.Mlflow.Projection;
using Rlhf.Steps.Artifacts;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Mlflow.Projection;

/// <summary>What others do to the server and to the store while it is delivered.</summary>
public sealed class RepairTests : IAsyncLifetime
{
    StubMlflow _mlflow = null!;
    SomeStore _store = null!;
    MlflowClient _client = null!;
    TrackingDelivery _delivery = null!;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _mlflow = await StubMlflow.StartAsync();
        _store = await SomeStore.WithRoundsAsync();
        _client = Clients.For(_mlflow.Address);
        _delivery = Delivery();
    }

    public async ValueTask DisposeAsync()
    {
        _delivery.Dispose();
        _client.Dispose();
        await _mlflow.DisposeAsync();
    }

    TrackingDelivery Delivery(RunEnds? ends = null, TimeProvider? time = null) => new(_store.Objects, _client, new(), time ?? TimeProvider.System, ends);

    StubRun Run(string identity) => Assert.Single(_mlflow.Runs, r => !r.Deleted && (r.Tags.GetValueOrDefault("rlhf.step_key") ?? r.Tags.GetValueOrDefault("rlhf.instance")) == identity);

    [Fact]
    public async Task A_point_or_param_that_cannot_be_changed_makes_the_run_anew()
    {
        await _delivery.DeliverAsync(Token);
        var old = Run(SomeStore.Key("TrainPolicy 1"));
        await _client.LogBatchAsync(old.Id, new() { Metrics = [new("objective/kl", 99, 1, 7)] }, Token);

        var before = await _delivery.StatusAsync(Token);
        await _delivery.RepairAsync(Token);

        Assert.Contains("1 are not of the journal", Assert.Single(before.Differences).How);
        Assert.NotEqual(old.Id, Run(SomeStore.Key("TrainPolicy 1")).Id);
        Assert.Equal(6, Run(SomeStore.Key("TrainPolicy 1")).Points.Count);
        Assert.True((await _delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task A_parent_that_was_deleted_comes_back_with_its_steps_below_it()
    {
        await _delivery.DeliverAsync(Token);
        var steps = _mlflow.Runs.Count(r => r.Tags.ContainsKey("rlhf.step_key"));
        await _client.DeleteRunAsync(Run(SomeStore.Instance(1)).Id, Token);

        await _delivery.RepairAsync(Token);

        var parent = Run(SomeStore.Instance(1)).Id;
        Assert.Equal(parent, Run(SomeStore.Key("TrainPolicy 1")).Tags["mlflow.parentRunId"]);
        Assert.Equal(steps, _mlflow.Runs.Count(r => r.Tags.ContainsKey("rlhf.step_key")));
        Assert.True((await _delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task A_file_that_was_changed_or_removed_comes_back()
    {
        await _delivery.DeliverAsync(Token);
        var (one, two) = (_mlflow.Runs.First(r => r.Id == Run(SomeStore.Instance(1)).Id), _mlflow.Runs.First(r => r.Id == Run(SomeStore.Instance(2)).Id));
        await _client.PutArtifactAsync(one.ArtifactUri, "report.json", new MemoryStream("{}"u8.ToArray()), cancellationToken: Token);
        await _client.DeleteArtifactAsync(two.ArtifactUri, "model-card.md", Token);

        var before = await _delivery.StatusAsync(Token);
        await _delivery.RepairAsync(Token);

        Assert.Equal(["file report.json is another one", "file model-card.md is missing"], before.Differences.Select(d => d.How));
        Assert.True((await _delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task What_others_made_is_told_of_where_it_is_in_the_way_and_left_alone()
    {
        await _delivery.DeliverAsync(Token);
        var experiment = _mlflow.Experiments.Single(e => e.Name == "rlhf").Id;
        var source = _mlflow.Models.Single(m => m.Name == "rlhf-policy").Versions[0].Source;
        await _client.CreateRunAsync(new() { ExperimentId = experiment, StartTime = 1, Tags = [new("rlhf.step_key", "of another store")] }, Token);
        await _client.CreateRunAsync(new() { ExperimentId = experiment, StartTime = 1 }, Token);
        await _client.CreateVersionAsync(new() { Name = "rlhf-policy", Source = source }, Token);
        await _client.SetAliasAsync("rlhf-policy", "prod", "1", Token);

        var status = await _delivery.StatusAsync(Token);
        await _delivery.RepairAsync(Token);

        Assert.Equal(2, status.Differences.Count);
        Assert.All(status.Differences, d => Assert.False(d.Repairable));
        Assert.Equal(4, _mlflow.Models.Single(m => m.Name == "rlhf-policy").Versions.Count);
        Assert.Equal("1", _mlflow.Models.Single(m => m.Name == "rlhf-policy").Aliases["prod"]);
        Assert.DoesNotContain(_mlflow.Runs, r => r.Deleted);
    }

    [Fact]
    public async Task Two_runs_of_one_step_become_the_first_by_id_with_all_its_points()
    {
        await _delivery.DeliverAsync(Token);
        var key = SomeStore.Key("TrainPolicy 1");
        var twin = await _client.CreateRunAsync(
            new() { ExperimentId = _mlflow.Experiments.Single(e => e.Name == "rlhf").Id, StartTime = 1, Tags = [new("rlhf.step_key", key)] }, Token);
        var first = _mlflow.Runs.Where(r => r.Tags.GetValueOrDefault("rlhf.step_key") == key).Min(r => r.Id);
        Assert.Contains(_mlflow.Runs, r => r.Id == twin.Info.RunId);

        Assert.False((await _delivery.StatusAsync(Token)).Clean);
        await _delivery.RepairAsync(Token);

        Assert.Equal(first, Run(key).Id);
        Assert.Equal(6, Run(key).Points.Count);
        Assert.True((await _delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task A_version_that_was_deleted_comes_back_and_an_alias_of_ours_that_nothing_is_called_by_goes()
    {
        await _delivery.DeliverAsync(Token);
        await _client.DeleteVersionAsync("rlhf-policy", "2", Token);
        await _client.SetAliasAsync("rlhf-policy", $"sandbox-previous-{SomeStore.Campaign}", "1", Token);

        await _delivery.RepairAsync(Token);

        var model = _mlflow.Models.Single(m => m.Name == "rlhf-policy");
        Assert.Equal(["1", "3", "2"], model.Versions.Select(v => v.Tags["rlhf.version"]));
        Assert.Equal("4", model.Aliases["sandbox-champion"]);
        Assert.False(model.Aliases.ContainsKey($"sandbox-previous-{SomeStore.Campaign}"));
        Assert.True((await _delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task Machines_of_which_one_knows_how_a_round_ended_do_not_take_turns_and_a_new_step_opens_it()
    {
        using var knowing = Delivery((instance, _) => Task.FromResult<RunEnd?>(instance == SomeStore.Instance(3) ? new(RunOutcome.Failed, SomeStore.Start.AddHours(2)) : null));
        await knowing.DeliverAsync(Token);
        var requests = _mlflow.Requests.Count;

        await _delivery.DeliverAsync(Token);
        var quiet = _mlflow.Requests.Count - requests;
        var failed = Run(SomeStore.Instance(3)).Status;
        await _store.RecordAsync(3, "TrainPolicy", [], [], []);
        await _delivery.DeliverAsync(Token);

        Assert.Equal((0, "FAILED", "RUNNING"), (quiet, failed, Run(SomeStore.Instance(3)).Status));
    }

    [Fact]
    public async Task A_sender_killed_between_any_two_writes_to_the_store_is_taken_up_by_the_next_one()
    {
        var writes = 0;
        _store.Objects.Before = operation => writes += operation.StartsWith("list", StringComparison.Ordinal) || operation.StartsWith("open", StringComparison.Ordinal) ? 0 : 1;
        await _delivery.DeliverAsync(Token);
        Assert.True(writes > 40, $"{writes}");

        for (var last = 1; last < writes; last += 3)
        {
            await using var server = await StubMlflow.StartAsync();
            using var client = Clients.For(server.Address);
            var store = await SomeStore.WithRoundsAsync();
            var count = 0;
            store.Objects.Before = operation =>
            {
                if (!operation.StartsWith("list", StringComparison.Ordinal) && !operation.StartsWith("open", StringComparison.Ordinal)) count++;
                if (count > last) throw new IOException("killed");
            };
            using (var dying = new TrackingDelivery(store.Objects, client, new(), TimeProvider.System))
            {
                // Where only the release of a lease was lost, all was delivered.
                var died = await Record.ExceptionAsync(() => dying.DeliverAsync(Token));
                Assert.True(died is IOException || last >= writes - 3, $"killed after {last}: {died}");
            }
            store.Objects.Before = null;

            using var next = new TrackingDelivery(store.Objects, client, new(), new Later());
            var report = await next.DeliverAsync(Token);

            Assert.True(report.Complete, $"killed after {last}: {string.Join(' ', report.Troubles.Concat(report.HeldByOthers))}");
            Assert.Equal(_mlflow.Runs.Count, server.Runs.Count);
            Assert.True((await next.StatusAsync(Token)).Clean, $"killed after {last}");
        }
    }

    [Fact]
    public async Task A_journal_that_is_gone_keeps_nothing_else_from_being_delivered()
    {
        var record = await _store.RecordAsync(3, "TrainPolicy", [], [], [], lines: 5);
        await _store.Objects.DeleteAsync($"journals/{record.Journal!.Sha256}.jsonl", Token);
        await _store.RecordAsync(3, "EvaluateRewardModel", [], [], []);

        var report = await _delivery.DeliverAsync(Token);

        Assert.Contains(record.Journal.Sha256, Assert.Single(report.Troubles));
        Assert.Equal("FINISHED", Run(SomeStore.Key("EvaluateRewardModel 3")).Status);
        Assert.Equal(5, (await _delivery.StatusAsync(Token)).Waiting.Lines);
    }

    /// <summary>The machine's clock five minutes ahead: a lease that a killed sender left is over.</summary>
    sealed class Later : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddMinutes(5);
    }
}
