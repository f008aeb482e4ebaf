using Rlhf.Cli.Workflows;
using Rlhf.Pipeline;
using Rlhf.Runtime;
using Rlhf.Runtime.Driver;
using Rlhf.Simulation.Gold;
using Rlhf.Simulation.Labelers;
using Rlhf.Simulation.Stories;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Stores;

/// <summary>Everything put together over one store: the one place where ports meet what stands behind them.</summary>
sealed class Workspace : IAsyncDisposable
{
    /// <summary>Longer than any upload takes: what is older was left by a process that was killed.</summary>
    static readonly TimeSpan Unfinished = TimeSpan.FromHours(1);

    static readonly Dictionary<string, object> Services = new()
    {
        ["stories"] = new StoryGrammar(),
        ["simulated"] = new SimulatedLabelers(TimeProvider.System),
    };

    readonly Lazy<WorkflowRuntime> _runtime;
    readonly FolderObjectStore _objects;

    /// <param name="store">Folder of the artifacts and, without a database of its own, of the workflow state.</param>
    /// <param name="queues">Steps at once, by queue; null: one of each.</param>
    /// <param name="observer">Sees what the engine does, where this process drives or works.</param>
    /// <param name="stays">True for a process that stays: it fires schedules while it drives.</param>
    public Workspace(string store, IReadOnlyDictionary<string, int>? queues = null, IDriverObserver? observer = null, bool stays = false)
    {
        Store = store;
        _objects = new(store);
        Runner = new([.. PipelineSteps.All, new MeasureGoldStep()], _objects, TimeProvider.System, Services, CheckpointInterval());
        var options = new RuntimeOptions(store) { Postgres = Settings.Database, Lease = Settings.Lease, ResolveInput = ResolveAsync, FiresSchedules = stays };
        if (queues is not null) options = options with { Queues = queues };
        _runtime = new(() => new(options, Runner, TimeProvider.System, observer));
    }

    public string Store { get; }

    /// <summary>For people: the folder, and the database where it is one of its own.</summary>
    public string Place => Settings.Database is null ? Store : $"{Store} and PostgreSQL";

    public IObjectStore Objects => _objects;

    public ArtifactStore Artifacts => new(Objects);

    public Names Names => new(Objects, TimeProvider.System);

    public StepRunner Runner { get; }

    public WorkflowRuntime Runtime => _runtime.Value;

    /// <summary>Drives the store from this process, and clears away what a killed one left half-written long ago.</summary>
    /// <exception cref="DriverBusyException">Another process drives it.</exception>
    public async Task DriveAsync(CancellationToken cancellationToken)
    {
        await Runtime.DriveAsync(cancellationToken);
        _objects.RemoveUnfinished(Unfinished);
    }

    /// <summary>Drives the store from this process if no other does.</summary>
    public async Task<bool> TryDriveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await DriveAsync(cancellationToken);
            return true;
        }
        catch (DriverBusyException)
        {
            return false;
        }
    }

    /// <summary>
    /// Makes every file of the workflows folder the newest published version of its definition, where its meaning has changed; a file that
    /// cannot be published is named and left out.
    /// </summary>
    public async Task PublishWorkflowsAsync(CancellationToken cancellationToken)
    {
        foreach (var file in WorkflowFiles.All())
        {
            try
            {
                await Runtime.PublishAsync(file, cancellationToken);
            }
            catch (InvalidDataException e)
            {
                Console.Error.WriteLine($"Not published: {e.Message}");
            }
        }
    }

    /// <summary>The name of a labeler, checked.</summary>
    public static string Labeler(string name)
    {
        var known = Services.Where(s => s.Value is ILabeler).Select(s => s.Key).ToList();
        return known.Contains(name) ? name : throw new ArgumentException($"'{name}' is no known labeler; known are {string.Join(", ", known)}.");
    }

    public async ValueTask DisposeAsync()
    {
        if (_runtime.IsValueCreated) await _runtime.Value.DisposeAsync();
    }

    async Task<string> ResolveAsync(string value, CancellationToken cancellationToken) =>
        Names.IsReference(value) ? (await Names.ResolveAsync(value, cancellationToken)).ToString() : value;

    /// <summary>How much work a kill may cost.</summary>
    static TimeSpan CheckpointInterval()
    {
        const string variable = "RLHF_CHECKPOINT_SECONDS";
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text) return TimeSpan.FromSeconds(5);
        return double.TryParse(text, out var seconds) && seconds is >= 0 and <= 1e6
            ? TimeSpan.FromSeconds(seconds)
            : throw new ArgumentException($"{variable} is '{text}'; expected seconds, 0 to 1000000.");
    }
}
