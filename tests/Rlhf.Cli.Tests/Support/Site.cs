using System.Diagnostics;

namespace Rlhf.Cli.Tests.Support;

/// <summary>A store of a test's own, the processes that work on it, and a look into it; all of it gone when disposed of.</summary>
sealed class Site(string? database = null) : IAsyncDisposable
{
    readonly List<Running> _processes = [];

    public string Store { get; } = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    /// <summary>Null: SQLite in the store.</summary>
    public string? Database => database;

    /// <summary>What every process here has in its environment, besides the database.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>A checkpoint at every update, so that going on after a kill is told from beginning anew; else they come as for every user.</summary>
    public bool SavesEveryUpdate { get; init; }

    public Look Look => database is null ? Look.Sqlite(Store) : Look.Postgres(database);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Site CopyOf(string store, bool savesEveryUpdate = false)
    {
        var site = new Site { SavesEveryUpdate = savesEveryUpdate };
        foreach (var file in Directory.GetFiles(store, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(site.Store, Path.GetRelativePath(store, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        return site;
    }

    public Running Start(params string[] arguments) => StartOver(database, arguments);

    /// <summary>A process with a way of its own to the database.</summary>
    public Running StartOver(string? way, params string[] arguments)
    {
        var environment = new Dictionary<string, string>(Environment);
        if (way is not null) environment["RLHF_DATABASE"] = way;
        if (SavesEveryUpdate) environment["RLHF_CHECKPOINT_SECONDS"] = "0";
        var process = Rlhf.Start(Store, environment, arguments);
        _processes.Add(process);
        return process;
    }

    /// <summary>A driver that drives: no process that is started after it will do so in its place.</summary>
    public async Task<Running> ServeAsync(params string[] arguments)
    {
        var serve = Start(["serve", "--no-pages", .. arguments]);
        await serve.UntilItSaysAsync("Driving");
        return serve;
    }

    public Task<Said> RunAsync(params string[] arguments) => Start(arguments).EndAsync();

    /// <summary>A gate's file: judgements of anybody, and not more decisive ones than this; with few of them the gate decides after one look.</summary>
    public string Gate(int budget = 20)
    {
        var file = Path.Combine(Store, "gate.json");
        File.WriteAllText(file, $$"""{ "judgedBy": ["person", "judge", "simulated"], "judgeAlone": true, "test": { "budget": {{budget}} } }""");
        return file;
    }

    public Running StartRound(string preset = "tiny") => Start("round", "--preset", preset, "--json");

    /// <summary>Asks again and again until the answer is there, for three minutes at most.</summary>
    public async Task<T> UntilAsync<T>(string what, Func<Task<T?>> ask) where T : class
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (await ask() is { } answer) return answer;
            if (clock.Elapsed > TimeSpan.FromMinutes(3)) Assert.Fail($"Not within three minutes: {what}.{System.Environment.NewLine}{string.Join(System.Environment.NewLine, _processes)}");
            await Task.Delay(30, Token);
        }
    }

    /// <summary>Waits until PPO runs and has a checkpoint; returns its job.</summary>
    public Task<JobSeen> UntilPpoHasACheckpointAsync() => UntilAsync("PPO runs and has a checkpoint", async () =>
        await Look.JobAsync("train-policy") is { IsRunning: true } job && Checkpoints().Count > 0 ? job : null);

    /// <summary>The checkpoints there are, as epoch and number, the newest last.</summary>
    public IReadOnlyList<(int Epoch, int Number)> Checkpoints()
    {
        var folder = new DirectoryInfo(Path.Combine(Store, "checkpoints"));
        if (!folder.Exists) return [];
        return
        [
            .. folder.EnumerateFiles("*.json", SearchOption.AllDirectories).Where(f => f.Directory!.Name != "starts")
                .Select(f => (int.Parse(f.Directory!.Name, null), int.Parse(f.Name.Split('-')[0], null))).Order(),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes) await process.DisposeAsync();
        Directory.Delete(Store, recursive: true);
    }
}
