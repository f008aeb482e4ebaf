using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Pipeline.Judging;
using Rlhf.Simulation.Labelers;
using Rlhf.Simulation.Stories;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Notifications;
using Rlhf.Steps.Running;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Tests.Support;

/// <summary>A store of its own, empty or with what another one holds, and the real steps over it.</summary>
sealed class TestRun : IDisposable
{
    public TestRun(string? copyOf = null, ISyntheticText? stories = null, IRewardScoring? scoring = null)
    {
        if (copyOf is not null) Copy(copyOf, Folder);
        Objects = new FolderObjectStore(Folder);
        var services = new Dictionary<string, object> { ["stories"] = stories ?? new StoryGrammar(), ["simulated"] = new SimulatedLabelers(TimeProvider.System), [INotifications.Service] = Notifications };
        if (scoring is not null) services[IRewardScoring.Service] = scoring;
        foreach (var (name, judge) in OwnJudges.Over(Objects, new Constitutions([Path.Combine(Root, "workflows", "constitutions")]))) services[name] = judge;
        Runner = new(PipelineSteps.All, Objects, TimeProvider.System, services, TimeSpan.Zero);
    }

    static readonly string Root = typeof(TestRun).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(m => m.Key == "RepositoryRoot").Value!;

    public string Folder { get; } = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    public FolderObjectStore Objects { get; }

    public MemoryNotifications Notifications { get; } = new();

    public ArtifactStore Artifacts => new(Objects);

    public StepRunner Runner { get; }

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public Watcher Said { get; } = new();

    public Task<StepResult> Run(string step, JsonObject values, string instance = "i", string? activity = null) =>
        Runner.RunAsync(step, values, new(instance, activity ?? step), Said, Token);

    /// <summary>The pointers of the checkpoints that stand, by path, without what says how their steps began.</summary>
    public string[] Checkpoints() =>
        Directory.Exists(Path.Combine(Folder, "checkpoints"))
            ? [.. Directory.GetFiles(Path.Combine(Folder, "checkpoints"), "*.json", SearchOption.AllDirectories).Where(f => Path.GetFileName(Path.GetDirectoryName(f)) != "starts")] : [];

    static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    public async Task<JsonObject> Completes(string step, JsonObject values, string instance = "i") =>
        await Run(step, values, instance) switch
        {
            StepResult.Completed completed => completed.Outputs,
            StepResult.Failed failed => throw new InvalidOperationException(failed.Reason),
            _ => throw new InvalidOperationException($"{step} waits."),
        };

    public async Task<string> Fails(string step, JsonObject values, string instance = "i") =>
        Assert.IsType<StepResult.Failed>(await Run(step, values, instance)).Reason;

    public Task<ArtifactRef> Put(string kind, params (string Path, string Text)[] files) =>
        Artifacts.PutAsync(kind, files.ToDictionary(f => f.Path, f => Encoding.UTF8.GetBytes(f.Text)), Token);

    public Task<ArtifactRef> Put(string kind, string path, byte[] content) =>
        Artifacts.PutAsync(kind, new Dictionary<string, byte[]> { [path] = content }, Token);

    /// <summary>A policy too small to be good at anything, made in a second or two.</summary>
    public async Task<string> TinyPolicy(int context = 96) =>
        (await Completes("PreparePolicy", new()
        {
            ["seed"] = 1,
            ["hiddenSize"] = 16,
            ["intermediateSize"] = 32,
            ["layers"] = 1,
            ["heads"] = 2,
            ["keyValueHeads"] = 1,
            ["contextLength"] = context,
            ["vocabularySize"] = 400,
            ["texts"] = 64,
            ["epochs"] = 1,
            ["batchSize"] = 32,
        }))["policy"]!.GetValue<string>();

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
