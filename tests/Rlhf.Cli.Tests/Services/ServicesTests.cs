using System.Text.Json.Nodes;
using Rlhf.Adapters.Blob;
using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Running;
using Rlhf.Tests.Support;

namespace Rlhf.Cli.Tests.Services;

/// <summary>Whole rounds with their artifacts in Azurite and their runs in an MLflow of the tests' own.</summary>
public sealed class ServicesTests(FinishedRound undisturbed)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public async Task A_round_on_services_that_fail_in_a_share_of_calls_leaves_the_same_artifacts_and_each_metric_once(int percent)
    {
        var azurite = AzuriteServer.Required();
        var container = azurite.NewContainer();
        var objects = await ContainerAsync(azurite, container);
        await using var proxy = await FaultyProxy.StartAsync(azurite.Port, (number, _) => BlobFault(number, percent));
        await using var mlflow = await StubMlflow.StartAsync();
        var calls = 0;
        mlflow.Faults = _ => MlflowFault(Interlocked.Increment(ref calls), percent);
        await using var site = new Site();
        site.Environment[BlobSettings.Variable] = azurite.ConnectionString(proxy.Port);
        site.Environment[BlobSettings.ContainerVariable] = container;
        site.Environment["RLHF_CHECKPOINT_SECONDS"] = "2";
        site.Environment["RLHF_BLOB_TIMEOUT"] = "2";
        site.Environment["MLFLOW_TRACKING_URI"] = mlflow.Address;
        site.Environment["MLFLOW_HTTP_REQUEST_TIMEOUT"] = "2";

        var said = await site.RunAsync("round", "--preset", "tiny", "--json");
        var sent = await site.RunAsync("tracking", "send", "--json");
        // Where the round's end could not give its lease back, it runs out within a minute.
        for (var i = 0; i < 20 && sent.Output.Contains("is delivered by", StringComparison.Ordinal); i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(4), Token);
            sent = await site.RunAsync("tracking", "send", "--json");
        }
        var status = await site.RunAsync("tracking", "status", "--json");

        Assert.True(said.ExitCode == 0, said.Error);
        Assert.True(sent.ExitCode == 0, sent.Output + sent.Error);
        Assert.True(status.ExitCode == 0, status.Output + status.Error);
        Assert.Equal($"{undisturbed.Said.Json["outputs"]}", $"{said.Json["outputs"]}");
        Assert.Equal(undisturbed.Facts.Artifacts, await Stored.Artifacts(objects));
        Assert.Equal(undisturbed.Facts.Metrics, await Stored.Metrics(objects));
        await AssertEachMetricOnceAsync(objects, mlflow);
        if (percent > 0) Assert.True(proxy.Faults > 20 && calls > 50, $"{proxy.Faults} faults of Blob, {calls} calls of MLflow");
        TestContext.Current.TestOutputHelper?.WriteLine($"Blob: {proxy.Requests.Count} requests, {proxy.Faults} of them failed; MLflow: {calls} requests.");
    }

    [Fact]
    public async Task A_round_while_MLflow_is_away_ends_as_ever_and_the_next_start_delivers_everything()
    {
        await using var site = undisturbed.Copy();
        site.Environment["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9";

        var said = await site.RunAsync("round", "--preset", "tiny", "--same", "--json");
        var away = await site.RunAsync("tracking", "status", "--json");
        await using var mlflow = await StubMlflow.StartAsync();
        site.Environment["MLFLOW_TRACKING_URI"] = mlflow.Address;
        var sent = await site.RunAsync("tracking", "send", "--json");
        var status = await site.RunAsync("tracking", "status", "--json");

        Assert.True(said.ExitCode == 0, said.Error);
        Assert.Contains("rlhf tracking status", said.Error, StringComparison.Ordinal);
        Assert.Equal(1, away.ExitCode);
        Assert.NotNull(away.Json["unreachable"]);
        Assert.True(sent.ExitCode == 0, sent.Output + sent.Error);
        Assert.True(status.ExitCode == 0, status.Output + status.Error);
        await AssertEachMetricOnceAsync(new FolderObjectStore(site.Store), mlflow);
    }

    [Fact]
    public async Task A_check_of_the_store_finds_a_flipped_byte_in_the_container_although_the_file_lies_in_the_cache()
    {
        var azurite = AzuriteServer.Required();
        var container = azurite.NewContainer();
        var objects = await ContainerAsync(azurite, container);
        await using var site = new Site();
        site.Environment[BlobSettings.Variable] = azurite.ConnectionString();
        site.Environment[BlobSettings.ContainerVariable] = container;
        var folder = Directory.CreateDirectory(Path.Combine(site.Store, "in")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "notes.txt"), "kept", Token);
        await site.RunAsync("artifacts", "import", "notes", folder, "--name", "notes");
        await site.RunAsync("artifacts", "export", "notes@1", Path.Combine(site.Store, "out"));
        var blob = Assert.Single(await objects.ListAsync("blobs/", Token));
        await objects.DeleteAsync(blob, Token);
        await objects.TryCreateAsync(blob, "kepu"u8.ToArray(), Token);

        var said = await site.RunAsync("artifacts", "verify");

        Assert.Single(Directory.GetFiles(Path.Combine(site.Store, "cache", "kept")));
        Assert.Equal(1, said.ExitCode);
        Assert.Contains("'notes.txt', does not match its hash", said.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_doctor_says_in_a_line_each_what_works_and_what_does_not()
    {
        var azurite = AzuriteServer.Required();
        await using var mlflow = await StubMlflow.StartAsync();
        await using var site = new Site();
        site.Environment[BlobSettings.Variable] = azurite.ConnectionString();
        site.Environment[BlobSettings.ContainerVariable] = azurite.NewContainer();
        site.Environment["MLFLOW_TRACKING_URI"] = mlflow.Address;

        var missing = await site.RunAsync("doctor");
        var made = await site.RunAsync("doctor", "--create");
        site.Environment["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9";
        var away = await site.RunAsync("doctor");

        Assert.Equal((1, 0, 1), (missing.ExitCode, made.ExitCode, away.ExitCode));
        Assert.Contains("no such container", Lines(missing).Single(l => l.StartsWith("FAILED", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.All(Lines(made), line => Assert.StartsWith("ok ", line, StringComparison.Ordinal));
        Assert.Contains("MLflow", Lines(away).Single(l => l.StartsWith("FAILED", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.DoesNotContain(AzuriteServer.Key, missing.Output + made.Output + away.Output, StringComparison.Ordinal);

        static string[] Lines(Said said) => said.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>One run for each step, whose points are its journal's lines; one parent for each round.</summary>
    static async Task AssertEachMetricOnceAsync(IObjectStore objects, StubMlflow mlflow)
    {
        var runs = mlflow.Runs.Where(r => !r.Deleted).ToList();
        var records = await new StepRecords(objects).ListAsync(Token);
        Assert.Equal(records.Select(r => r.Instance).Distinct().Count(), runs.Count(r => !r.Tags.ContainsKey("mlflow.parentRunId")));
        foreach (var record in records.Where(r => r.Journal is not null))
        {
            var run = Assert.Single(runs, r => r.Tags.GetValueOrDefault("rlhf.step_key") == record.Key);
            var lines = await MetricJournal.ReadAsync(objects, record.Journal!, Token);
            Assert.Equal(
                lines.Select(l => $"{l.Metric} {l.Update} {l.Value:R} {l.At.ToUnixTimeMilliseconds()}").Order(StringComparer.Ordinal),
                run.Points.Select(p => $"{p.Key} {p.Step} {p.Value:R} {p.Timestamp}").Order(StringComparer.Ordinal));
        }
    }

    static async Task<BlobObjectStore> ContainerAsync(AzuriteServer azurite, string container)
    {
        var values = new Dictionary<string, string> { [BlobSettings.Variable] = azurite.ConnectionString(), [BlobSettings.ContainerVariable] = container };
        return await BlobObjectStore.OpenAsync(BlobSettings.FromEnvironment(values.GetValueOrDefault)!, TimeProvider.System, null, null, create: true, Token);
    }

    // Every fifth call or so, spread without a period that a retry could fall into.
    static bool Fails(int number, int percent) => (uint)(number * 2654435761L >> 7) % 100 < percent;

    // Each kind as often as another, but for the one that nobody hears of before the time of a call is over.
    static BlobFault? BlobFault(int number, int percent) => !Fails(number, percent) ? null : (number % 7) switch
    {
        0 when number % 4 == 0 => new BlobFault.Hang(),
        0 or 1 => new BlobFault.CutBefore(),
        2 => new BlobFault.CutWithin(),
        3 => new BlobFault.CutAfter(),
        4 => new BlobFault.CutAnswer(10),
        5 => new BlobFault.Answer(503, "1"),
        _ => new BlobFault.Answer(500),
    };

    static Fault? MlflowFault(int number, int percent) => !Fails(number, percent) ? null : (number % 8) switch
    {
        0 => new Fault.HangAfter(),
        1 => new Fault.Refuse(429, "", 1),
        2 => new Fault.Refuse(503),
        3 => new Fault.LoseAnswer(500),
        4 => new Fault.ResetBefore(),
        5 => new Fault.ResetAfter(),
        6 => new Fault.Truncate(),
        _ => new Fault.Cut(),
    };
}
