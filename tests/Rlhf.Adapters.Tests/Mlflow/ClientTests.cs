using Rlhf.Adapters.Mlflow;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Mlflow;

/// <summary>What spans several requests.</summary>
public class ClientTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_many_that_ensure_one_experiment_and_one_model_all_get_the_same()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);

        var experiments = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.EnsureExperimentAsync("rlhf", [new("a", "b")], cancellationToken: Token)));
        var models = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.EnsureModelAsync("policy", "d", cancellationToken: Token)));

        Assert.Single(experiments.Select(e => e.ExperimentId).Distinct());
        Assert.Equal(2, stub.Experiments.Count); // with Default
        Assert.All(models, model => Assert.Equal("policy", model.Name));
        Assert.Single(stub.Models);
    }

    [Fact]
    public async Task An_experiment_that_is_deleted_is_not_taken_for_one_that_can_be_used()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var experiment = await client.EnsureExperimentAsync("rlhf", cancellationToken: Token);
        await client.DeleteExperimentAsync(experiment.ExperimentId, Token);

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.EnsureExperimentAsync("rlhf", cancellationToken: Token));

        Assert.Equal((MlflowErrors.InvalidState, true), (e.ErrorCode, e.Permanent));
        await client.RestoreExperimentAsync(experiment.ExperimentId, Token);
        Assert.Equal(experiment.ExperimentId, (await client.EnsureExperimentAsync("rlhf", cancellationToken: Token)).ExperimentId);
    }

    [Fact]
    public async Task Every_search_goes_through_all_pages()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var experiment = await client.EnsureExperimentAsync("e", cancellationToken: Token);
        await client.EnsureModelAsync("m", cancellationToken: Token);
        await client.EnsureModelAsync("other", cancellationToken: Token);
        for (var i = 0; i < 7; i++)
        {
            await client.CreateRunAsync(new() { ExperimentId = experiment.ExperimentId, StartTime = i, Tags = [new("rlhf.round", "1"), new("kind", i == 3 ? "odd" : "even")] }, Token);
            await client.CreateVersionAsync(new() { Name = "m", Source = $"rlhf:/{i}", Tags = [new("rlhf.version", $"{i}")] }, Token);
        }

        var runs = await client.SearchRunsAsync([experiment.ExperimentId], orderBy: ["attributes.start_time ASC"], pageSize: 3, cancellationToken: Token).ToListAsync(Token);
        var versions = await client.SearchVersionsAsync(MlflowFilter.Name("m"), ["version_number ASC"], pageSize: 2, cancellationToken: Token).ToListAsync(Token);
        var models = await client.SearchModelsAsync(pageSize: 1, cancellationToken: Token).ToListAsync(Token);
        var experiments = await client.SearchExperimentsAsync(pageSize: 1, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal([0, 1, 2, 3, 4, 5, 6], runs.Select(r => r.Info.StartTime));
        Assert.Equal(["1", "2", "3", "4", "5", "6", "7"], versions.Select(v => v.Version));
        Assert.Equal(["m", "other"], models.Select(m => m.Name));
        Assert.Equal(["Default", "e"], experiments.Select(e => e.Name));
        Assert.Equal(3, Assert.Single(await client.FindRunsByTagAsync(experiment.ExperimentId, new("kind", "odd"), Token)).Info.StartTime);
        Assert.Equal("5", Assert.Single(await client.FindVersionsByTagAsync("m", new("rlhf.version", "4"), Token)).Version);
    }

    [Fact]
    public async Task A_history_is_read_whole_with_every_value_as_it_was_logged()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var run = await RunAsync(client);
        double[] special = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e308, -0.1, 5e-324];
        List<MlflowMetric> points = [.. Enumerable.Range(0, 2500).Select(i => new MlflowMetric("m", i < special.Length ? special[i] : i, 1000 + i, i)), new("m", 1, 1, long.MaxValue), new("m", 1, 1, long.MinValue)];

        await client.LogBatchAsync(run.RunId, new() { Metrics = points, Params = [.. Enumerable.Range(0, 130).Select(i => new MlflowParam($"p{i}", ""))] }, Token);
        var history = await client.GetMetricHistoryAsync(run.RunId, "m", pageSize: 999, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal(points, history);
        Assert.Equal(130, stub.Runs.Single().Params.Count);
        Assert.Equal(3, stub.Requests.Count(r => r.Path.EndsWith("log-batch", StringComparison.Ordinal)));
        Assert.Empty(await client.GetMetricHistoryAsync(run.RunId, "none", cancellationToken: Token).ToListAsync(Token));
    }

    [Fact]
    public async Task A_page_that_comes_for_ever_is_an_error()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        stub.Faults = _ => new Fault.Refuse(200, """{"next_page_token":"eyJvZmZzZXQiOiAwfQ=="}""");

        var e = await Assert.ThrowsAsync<MlflowException>(async () => await client.GetMetricHistoryAsync("r", "m", cancellationToken: Token).ToListAsync(Token));

        Assert.Contains("came a second time", e.Message);
        Assert.Equal(2, stub.Requests.Count);
    }

    [Fact]
    public async Task A_param_keeps_its_first_value()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var run = await RunAsync(client);
        await client.LogParamAsync(run.RunId, new("lr", "1"), Token);
        await client.LogParamAsync(run.RunId, new("lr", "1"), Token);

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.LogBatchAsync(run.RunId, new() { Params = [new("lr", "2")], Metrics = [new("m", 1, 1)] }, Token));

        Assert.Equal((MlflowErrors.InvalidParameter, true), (e.ErrorCode, e.Permanent));
        Assert.Empty(stub.Runs.Single().Points);
    }

    [Fact]
    public async Task A_batch_with_one_bad_field_sends_nothing()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var metrics = Enumerable.Range(0, 2000).Select(i => new MlflowMetric("m", i, i)).Append(new("b$d", 1, 1)).ToList();

        await Assert.ThrowsAsync<ArgumentException>(() => client.LogBatchAsync("r", new() { Metrics = metrics }, Token));
        await client.LogBatchAsync("r", new(), Token);

        Assert.Empty(stub.Requests);
    }

    [Fact]
    public async Task A_run_is_updated_tagged_deleted_and_restored()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var run = await RunAsync(client);

        await client.SetRunTagAsync(run.RunId, new("t", "é😀"), Token);
        var updated = await client.UpdateRunAsync(run.RunId, MlflowRunStatus.Finished, 99, "new", Token);
        await client.DeleteRunAsync(run.RunId, Token);
        await Assert.ThrowsAsync<MlflowException>(() => client.LogMetricAsync(run.RunId, new("m", 1, 1), Token));
        await client.RestoreRunAsync(run.RunId, Token);
        await client.LogMetricAsync(run.RunId, new("m", double.NegativeInfinity, 1), Token);
        var read = await client.GetRunAsync(run.RunId, Token);

        Assert.Equal((MlflowRunStatus.Finished, 99, "new"), (updated.Status, updated.EndTime, updated.RunName));
        Assert.Equal(("é😀", double.NegativeInfinity), (read.Tag("t"), read.Data.Metrics.Single().Value));
    }

    [Fact]
    public async Task A_model_its_versions_tags_and_aliases_are_kept()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        await client.CreateModelAsync("policy", "old", [new("team", "net")], Token);
        var first = await client.CreateVersionAsync(new() { Name = "policy", Source = "rlhf:/policy/1", Description = "one" }, Token);
        var second = await client.CreateVersionAsync(new() { Name = "policy", Source = "rlhf:/policy/2" }, Token);

        await client.SetAliasAsync("policy", "champion", first.Version, Token);
        await client.SetAliasAsync("policy", "champion", second.Version, Token);
        await client.SetVersionTagAsync("policy", first.Version, new("decision", "reject"), Token);
        await client.DescribeModelAsync("policy", "new", Token);
        await client.SetModelTagAsync("policy", new("x", "y"), Token);
        await client.DeleteModelTagAsync("policy", "team", Token);
        var model = await client.GetModelAsync("policy", Token);

        Assert.Equal(("new", "2", null), (model.Description, model.VersionOf("champion"), model.VersionOf("none")));
        Assert.Equal(["x"], model.Tags.Select(t => t.Key));
        Assert.Equal("2", (await client.GetByAliasAsync("policy", "champion", Token)).Version);
        Assert.Equal("reject", (await client.GetVersionAsync("policy", "1", Token)).Tag("decision"));
        await client.DeleteAliasAsync("policy", "champion", Token);
        await client.DeleteAliasAsync("policy", "champion", Token);
        await client.DeleteVersionAsync("policy", "2", Token);
        Assert.Equal("3", (await client.CreateVersionAsync(new() { Name = "policy", Source = "s" }, Token)).Version);
        await client.DeleteModelAsync("policy", Token);
        Assert.Null(await client.FindModelAsync("policy", Token));
    }

    static async Task<MlflowRunInfo> RunAsync(MlflowClient client) =>
        (await client.CreateRunAsync(new() { ExperimentId = (await client.EnsureExperimentAsync("e", cancellationToken: Token)).ExperimentId, StartTime = 1 }, Token)).Info;
}
