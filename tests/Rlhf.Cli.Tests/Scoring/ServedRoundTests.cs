using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Scoring;

/// <summary>Rounds whose PPO is scored by servers in processes of their own, some of which fail.</summary>
public sealed class ServedRoundTests(ServedRoundTests.InProcess inProcess) : IClassFixture<ServedRoundTests.InProcess>
{
    /// <summary>Completions that PPO sends together.</summary>
    const int PerRequest = 16;

    static readonly HttpClient Client = new(new SocketsHttpHandler { UseProxy = false });

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_servers_killed_slow_garbled_foreign_and_of_another_model_PPO_ends_with_the_same_weights()
    {
        await using var site = new Site();
        var (healthy, first) = await ServeAsync(site, "--on-demand", "2");
        var (killed, second) = await ServeAsync(site, "--on-demand", "2");
        // A server that has a model of another store.
        await using var elsewhere = new Site();
        Assert.Equal(0, (await elsewhere.RunAsync("round", "--preset", "tiny", "--seed", "2", "--json")).ExitCode);
        var (_, third) = await ServeAsync(elsewhere, "--model", "reward-model@latest");
        await using var dying = await FaultyReplica.StartAsync(second, async text => text);
        await using var slow = await FaultyReplica.StartAsync(first, async text => { await Task.Delay(1500, Token); return text; });
        await using var garbage = await FaultyReplica.StartAsync(first, text => Task.FromResult(text.Replace("\"score\":", "\"scor", StringComparison.Ordinal)));
        await using var foreign = await FaultyReplica.StartAsync(first, text => Task.FromResult(System.Text.RegularExpressions.Regex.Replace(text, "\"model\":\"reward-model/[0-9a-f]{8}", "\"model\":\"reward-model/00000000")));
        site.Environment["RLHF_REWARDS_URLS"] = string.Join(",", dying.Address, slow.Address, garbage.Address, foreign.Address, third, first);

        var round = site.Start("round", "--preset", inProcess.Preset, "--json");
        await site.UntilAsync("a server has scored", () => Task.FromResult(dying.Answered >= 3 ? "" : round.HasExited ? "" : null));
        await killed.KillAsync();
        var said = await round.EndAsync();

        Assert.True(said.ExitCode == 0, said.Error);
        Assert.Equal($"{inProcess.Result["report"]!["challenger"]}", $"{said.Json["report"]!["challenger"]}");
        Assert.True(dying.Answered >= 3, "The server was killed before it had scored anything.");
        Assert.All(new[] { slow, garbage, foreign }, replica => Assert.True(replica.Answered > 0, $"{replica.Address} was never asked."));
        // As many scores as completions and not one of them from anywhere else: the weights say so bit for bit.
        var scored = await TextsAsync(first) + dying.Answered * PerRequest;
        Assert.True(scored >= inProcess.Completions, $"{scored} scores for {inProcess.Completions} completions.");
        Assert.Equal(0, await TextsAsync(third));
        Assert.False(healthy.HasExited);
    }

    [Fact]
    public async Task Passes_side_by_side_give_the_scores_that_all_cores_give_each_text_alone()
    {
        await using var site = Site.CopyOf(inProcess.Site.Store);
        site.Environment["OMP_NUM_THREADS"] = $"{Environment.ProcessorCount}";
        var (_, sideBySide) = await ServeAsync(site, "--model", "reward-model@latest", "--pass-threads", "1");
        var (_, oneByOne) = await ServeAsync(site, "--model", "reward-model@latest", "--no-batching");

        async Task<float[]> ScoresAsync(string server) => await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            using var answer = await Client.PostAsJsonAsync(new Uri(server + "/v1/score"), new { inputs = new[] { new { prompt = $"Prompt {i % 7}", completions = new[] { string.Concat(Enumerable.Repeat("cat and dog ", 1 + i % 9)) } } } }, Token);
            var body = await answer.Content.ReadFromJsonAsync<JsonObject>(Token);
            return body!["models"]![0]!["inputs"]![0]![0]!["score"]!.GetValue<float>();
        }));
        var (many, single) = (await ScoresAsync(sideBySide), await ScoresAsync(oneByOne));

        Assert.All(many.Zip(single), scores => Assert.Equal(scores.Second, scores.First, 1e-5f));
        Assert.True(many.Distinct().Count() > 20, $"{many.Distinct().Count()} different scores of 63 different texts.");
    }

    [Fact]
    public async Task While_all_servers_are_gone_PPO_waits_then_the_step_fails_as_one_that_may_pass_and_a_retry_goes_on_to_the_same_weights()
    {
        await using var site = new Site();
        var port = FreePort();
        site.Environment["RLHF_REWARDS_URLS"] = $"http://127.0.0.1:{port}";
        site.Environment["RLHF_REWARDS_DEADLINE"] = "5";

        var failed = await site.RunAsync("round", "--preset", inProcess.Preset, "--json");
        var instance = Assert.Single(await site.Look.InstancesAsync());
        var serve = site.Start("rewards", "serve", "--on-demand", "1", "--port", $"{port}");
        await serve.UntilItSaysAsync("Reward models at");
        var retried = await site.RunAsync("instances", "retry", instance.Id, "--json");
        var again = await site.RunAsync("round", "--preset", inProcess.Preset, "--same", "--json");

        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("No server gave", failed.Error + failed.Output, StringComparison.Ordinal);
        Assert.True(retried.ExitCode == 0, retried.Error);
        Assert.True(again.ExitCode == 0, again.Error);
        Assert.Equal($"{inProcess.Result["report"]!["challenger"]}", $"{again.Json["report"]!["challenger"]}");
    }

    [Fact]
    public async Task Servers_that_are_none_are_refused_before_a_round_begins()
    {
        await using var site = new Site { Environment = { ["RLHF_REWARDS_URLS"] = "rewards:5300" } };

        var said = await site.RunAsync("round", "--preset", "tiny");

        Assert.Equal(2, said.ExitCode);
        Assert.Contains("RLHF_REWARDS_URLS holds what is no address of a server", said.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--model", "reward-model@latest")]
    [InlineData("--on-demand", "1", "--token-budget", "0")]
    [InlineData("--on-demand", "1", "--pass-threads", "0")]
    [InlineData("--port", "0")]
    public async Task A_server_without_a_model_or_with_options_that_are_none_says_so(params string[] options)
    {
        await using var site = new Site();

        var said = await site.RunAsync(["rewards", "serve", .. options]);

        Assert.Equal(2, said.ExitCode);
        Assert.DoesNotContain("   at ", said.Error, StringComparison.Ordinal);
        Assert.Single(said.Error.Trim().Split('\n'));
    }

    static async Task<(Running Process, string Address)> ServeAsync(Site site, params string[] options)
    {
        var port = FreePort();
        var serve = site.Start(["rewards", "serve", "--port", $"{port}", .. options]);
        await serve.UntilItSaysAsync("Reward models at");
        return (serve, $"http://127.0.0.1:{port}");
    }

    static async Task<long> TextsAsync(string server)
    {
        var metrics = await Client.GetStringAsync(new Uri(server + "/metrics"), Token);
        return metrics.Split('\n').Where(l => l.StartsWith("rlhf_scoring_texts_total", StringComparison.Ordinal)).Sum(l => long.Parse(l.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The same round scored in process, in deterministic mode.</summary>
    public sealed class InProcess : IAsyncLifetime
    {
        const int Updates = 30;

        readonly string _folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

        public string Preset => Path.Combine(_folder, "deterministic.json");

        public int Completions { get; private set; }

        internal Site Site { get; } = new();

        public JsonObject Result { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            var preset = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Support.Rlhf.Root, "workflows", "presets", "tiny.json")))!;
            preset["TrainPolicy"]!["deterministicScores"] = true;
            preset["TrainPolicy"]!["updates"] = Updates;
            Completions = Updates * preset["TrainPolicy"]!["rolloutSize"]!.GetValue<int>();
            await File.WriteAllTextAsync(Preset, preset.ToJsonString());
            var said = await Site.RunAsync("round", "--preset", Preset, "--json");
            Assert.True(said.ExitCode == 0, said.Error);
            Result = said.Json;
        }

        public async ValueTask DisposeAsync()
        {
            await Site.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
