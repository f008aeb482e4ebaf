using Rlhf.Adapters.Mlflow;
using Rlhf.Adapters.Mlflow.Projection;
using Rlhf.Adapters.Resilience;
using Rlhf.Cli.Stores;
using Rlhf.Runtime;
using Rlhf.Runtime.Interpreter;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Cli.Tracking;

/// <summary>A store's projection into the MLflow server of the environment: what delivers it, and what does so in the background.</summary>
sealed class TrackingSession : IAsyncDisposable
{
    /// <summary>How long the end of a command waits until all is delivered.</summary>
    static readonly TimeSpan LastDelivery = TimeSpan.FromSeconds(10);

    readonly MlflowClient _client;
    TrackingSender? _sender;

    TrackingSession(MlflowSettings settings, PipelineOptions? options, IObjectStore objects, WorkflowRuntime runtime)
    {
        _client = Client(settings, options);
        var root = ObjectStores.Container is { } container ? new TrackingSettings { ArtifactRoot = $"{container}" } : new();
        Delivery = new(objects, _client, root with { Experiment = settings.Experiment }, TimeProvider.System, (instance, cancellationToken) => EndAsync(runtime, instance, cancellationToken));
    }

    /// <summary>The server of the environment; null where none is configured.</summary>
    /// <exception cref="InvalidDataException">A setting is malformed.</exception>
    public static MlflowSettings? Settings => MlflowSettings.FromEnvironment();

    public TrackingDelivery Delivery { get; }

    /// <param name="options">How patiently; by default as patiently as a sender in the background may be.</param>
    public static MlflowClient Client(MlflowSettings settings, PipelineOptions? options = null) =>
        new(settings, Pipelines.Mlflow(options ?? PipelineOptions.OfTry(Stores.Settings.MlflowTimeout), TimeProvider.System));

    /// <summary>Null where no server is configured.</summary>
    public static TrackingSession? Open(IObjectStore objects, WorkflowRuntime runtime, PipelineOptions? options = null) =>
        Settings is { } settings ? new(settings, options, objects, runtime) : null;

    /// <summary>Delivers in the background from now on.</summary>
    public void Begin() => _sender ??= new(Delivery, TimeProvider.System, Console.Error.WriteLine);

    /// <summary>At the end of a command: delivers what is committed by now, or says that it waits.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_sender is not null && !await _sender.FlushAsync(LastDelivery, cancellationToken))
            Console.Error.WriteLine("Not everything is in MLflow yet; the next start delivers it (rlhf tracking status).");
    }

    public async ValueTask DisposeAsync()
    {
        if (_sender is not null) await _sender.DisposeAsync();
        Delivery.Dispose();
        _client.Dispose();
    }

    static async Task<RunEnd?> EndAsync(WorkflowRuntime runtime, string instance, CancellationToken cancellationToken) =>
        await runtime.FindAsync(instance, cancellationToken) is { } found
            ? found.Status switch
            {
                WorkflowStatus.Finished => new(RunOutcome.Finished, found.UpdatedAt),
                WorkflowStatus.Faulted => new(RunOutcome.Failed, found.UpdatedAt),
                WorkflowStatus.Cancelled => new(RunOutcome.Cancelled, found.UpdatedAt),
                _ => null,
            }
            : null;
}
