using Rlhf.Pipeline;
using Rlhf.Runtime;
using Rlhf.Simulation.Gold;
using Rlhf.Simulation.Labelers;
using Rlhf.Simulation.Stories;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Stores;

/// <summary>Everything put together over one store folder: the one place where ports meet what stands behind them.</summary>
sealed class Workspace(string store) : IDisposable
{
    static readonly Dictionary<string, object> Services = new()
    {
        ["stories"] = new StoryGrammar(),
        ["simulated"] = new SimulatedLabelers(TimeProvider.System),
    };

    readonly Lazy<WorkflowRuntime> _runtime = new(() => new WorkflowRuntime(store, CreateRunner(store), TimeProvider.System));

    public string Store => store;

    readonly FolderObjectStore _objects = new(store);

    public IObjectStore Objects => _objects;

    public ArtifactStore Artifacts => new(Objects);

    public StepRunner Runner { get; } = CreateRunner(store);

    public WorkflowRuntime Runtime => _runtime.Value;

    static StepRunner CreateRunner(string store) => new(
        [.. PipelineSteps.All, new MeasureGoldStep()], new FolderObjectStore(store), TimeProvider.System,
        Services, CheckpointInterval());

    /// <summary>How much work a kill may cost.</summary>
    static TimeSpan CheckpointInterval()
    {
        const string variable = "RLHF_CHECKPOINT_SECONDS";
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text) return TimeSpan.FromSeconds(5);
        return double.TryParse(text, out var seconds) && seconds is >= 0 and <= 1e6
            ? TimeSpan.FromSeconds(seconds)
            : throw new ArgumentException($"{variable} is '{text}'; expected seconds, 0 to 1000000.");
    }

    /// <summary>Makes this process the store's one driver, and clears away what a killed one left half-written.</summary>
    /// <exception cref="Rlhf.Runtime.Driver.DriverBusyException">Another process drives this store.</exception>
    public void Drive()
    {
        Runtime.Drive();
        _objects.RemoveUnfinished();
    }

    /// <summary>The name of a labeler, checked.</summary>
    public static string Labeler(string name)
    {
        var known = Services.Where(s => s.Value is ILabeler).Select(s => s.Key).ToList();
        return known.Contains(name) ? name : throw new ArgumentException($"'{name}' is no known labeler; known are {string.Join(", ", known)}.");
    }

    public void Dispose()
    {
        if (_runtime.IsValueCreated) _runtime.Value.Dispose();
    }
}
