using Rlhf.Pipeline;
using Rlhf.Runtime;
using Rlhf.Simulation.Gold;
using Rlhf.Simulation.Labelers;
using Rlhf.Simulation.Stories;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Stores;

/// <summary>Everything put together over one store folder: the one place where ports meet what stands behind them.</summary>
sealed class Workspace(string store) : IDisposable
{
    readonly Lazy<WorkflowRuntime> _runtime = new(() => new WorkflowRuntime(store, CreateRunner(store), TimeProvider.System));

    public string Store => store;

    public IObjectStore Objects { get; } = new FolderObjectStore(store);

    public ArtifactStore Artifacts => new(Objects);

    public StepRunner Runner { get; } = CreateRunner(store);

    public WorkflowRuntime Runtime => _runtime.Value;

    static StepRunner CreateRunner(string store) => new(
        [.. PipelineSteps.All, new MeasureGoldStep()], new FolderObjectStore(store), TimeProvider.System,
        new Dictionary<string, object> { ["stories"] = new StoryGrammar(), ["simulated"] = new SimulatedLabelers(TimeProvider.System) },
        CheckpointInterval);

    /// <summary>How much work a kill may cost.</summary>
    static readonly TimeSpan CheckpointInterval =
        TimeSpan.FromSeconds(double.TryParse(Environment.GetEnvironmentVariable("RLHF_CHECKPOINT_SECONDS"), out var seconds) ? seconds : 5);

    public void Dispose()
    {
        if (_runtime.IsValueCreated) _runtime.Value.Dispose();
    }
}
