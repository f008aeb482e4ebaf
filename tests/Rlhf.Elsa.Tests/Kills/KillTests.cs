using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Tests.Support;

namespace Rlhf.Elsa.Tests.Kills;

/// <summary>A whole round on the tiny preset, by three processes: the host, a worker, and the command that follows; the first two are killed again and again.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    static readonly int Kills = int.TryParse(Environment.GetEnvironmentVariable("RLHF_KILLS"), out var kills) ? kills : 0;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_round_in_Elsa_ends_with_the_decision_of_the_embedded_engine_also_when_host_and_worker_are_killed(bool postgres)
    {
        if (Kills == 0) Assert.Skip("RLHF_KILLS is not set: how often host and worker are killed.");
        using var embedded = new Folder();
        using var elsa = new Folder();
        var expected = await RoundAsync(embedded.Path, "embedded", null);
        using var stop = new CancellationTokenSource();
        await using var site = new Site(elsa.Path, postgres ? PostgresServer.NewDatabase() : null, stop);
        site.Start("host");
        site.Start("worker");
        var kills = site.KillAsync(Kills, seed: 7, stop.Token);

        var ours = await RoundAsync(elsa.Path, "elsa", site.Api);

        await stop.CancelAsync();
        var (host, worker) = await kills;
        output.WriteLine($"{(postgres ? "PostgreSQL" : "SQLite")}: {host} kills of the host, {worker} of the worker; decision {ours["decision"]}");
        foreach (var other in Records(elsa.Path).Except(Records(embedded.Path))) output.WriteLine($"only in Elsa: {other}");
        foreach (var line in site.Said.Where(l => l.Contains("interrupted;", StringComparison.Ordinal) || l.Contains("fail:", StringComparison.Ordinal))) output.WriteLine(line);
        Assert.Equal($"{expected["decision"]}", $"{ours["decision"]}");
        Assert.Equal(Records(embedded.Path), Records(elsa.Path));
    }

    /// <summary>Which activity of which step each record is of: an effectful step that was done twice would stand there twice.</summary>
    static IReadOnlyList<string> Records(string store) => [.. Directory.GetFiles(Path.Combine(store, "records"), "*.json")
        .Select(f => JsonNode.Parse(File.ReadAllText(f))!).Select(r => $"{r["step"]} {r["activity"]} {r["outcome"]}").Order(StringComparer.Ordinal)];

    static async Task<JsonNode> RoundAsync(string store, string engine, string? api)
    {
        string[] round = ["run", "rlhf-round", "--engine", engine, "--preset", "tiny", "--input", "labeler=simulated", "--input", "seed=1", "--json", "--store", store];
        var json = JsonNode.Parse(await Programs.RunAsync(round, api, TimeSpan.FromMinutes(10)))!;
        return json["outputs"] ?? json;
    }

    sealed class Site(string store, string? database, CancellationTokenSource stop) : IAsyncDisposable
    {
        readonly string _url = $"http://127.0.0.1:{RunningHost.FreePort()}";
        readonly Dictionary<string, Process> _running = [];
        Task<(int Host, int Worker)> _killing = Task.FromResult((0, 0));

        /// <summary>The lines of all that ran.</summary>
        public ConcurrentQueue<string> Said { get; } = new();

        public string Api => $"{_url}/elsa/api";

        public void Start(string what)
        {
            var process = what == "host"
                ? Programs.Host(["--store", store, "--urls", _url, "--workflows", Repository.Workflow("")], database)
                : Programs.Command(["worker", "--engine", "elsa", "--store", store]);
            process.OutputDataReceived += (_, line) => Said.Enqueue(line.Data ?? "");
            process.ErrorDataReceived += (_, line) => Said.Enqueue(line.Data ?? "");
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            _running[what] = process;
        }

        /// <summary>Kills one of the two by SIGKILL, at times that the seed says, and starts it again.</summary>
        public Task<(int Host, int Worker)> KillAsync(int kills, int seed, CancellationToken cancellationToken) => _killing = KillSomeAsync(kills, seed, cancellationToken);

        async Task<(int Host, int Worker)> KillSomeAsync(int kills, int seed, CancellationToken cancellationToken)
        {
            var count = new Dictionary<string, int> { ["host"] = 0, ["worker"] = 0 };
            try
            {
                // The command has to have started the round.
                await Task.Delay(TimeSpan.FromSeconds(12), cancellationToken);
                for (var i = 0; i < kills; i++)
                {
                    var draw = (uint)((seed + i) * 2654435761);
                    var what = draw % 2 == 0 ? "host" : "worker";
                    await Task.Delay(TimeSpan.FromSeconds(2 + draw / 7 % 9), cancellationToken);
                    _running[what].Kill(entireProcessTree: true);
                    await _running[what].WaitForExitAsync(CancellationToken.None);
                    count[what]++;
                    Start(what);
                }
            }
            catch (OperationCanceledException)
            {
                // The round is over.
            }
            return (count["host"], count["worker"]);
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await _killing;
            foreach (var process in _running.Values)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync();
                process.Dispose();
            }
        }
    }
}
