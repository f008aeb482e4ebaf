using Rlhf.Adapters.Labeling.Argilla;
using Rlhf.Adapters.Labeling.LabelStudio;
using Rlhf.Adapters.Resilience;
using Rlhf.Steps.Labeling;

namespace Rlhf.Adapters.Labeling;

/// <summary>Labelers that are other programs, put together.</summary>
public static class ToolLabelers
{
    /// <param name="handler">What sends instead of one of its own; not disposed.</param>
    public static ILabeler Argilla(ArgillaSettings settings, GuidelinesFiles guidelines, TimeSpan poll, TimeProvider time, PipelineOptions? patience = null, HttpMessageHandler? handler = null) =>
        new ToolLabeler(LabelingTools.Argilla, new ArgillaTool(settings, Client(settings.Connection, time, patience, handler)), guidelines, poll, time);

    /// <inheritdoc cref="Argilla"/>
    public static ILabeler LabelStudio(LabelStudioSettings settings, GuidelinesFiles guidelines, TimeSpan poll, TimeProvider time, PipelineOptions? patience = null, HttpMessageHandler? handler = null) =>
        new ToolLabeler(LabelingTools.LabelStudio, new LabelStudioTool(settings, Client(settings.Connection, time, patience, handler)), guidelines, poll, time);

    /// <summary>Who the key belongs to there and what it sees, in words.</summary>
    /// <exception cref="IOException">The tool cannot be reached or fails.</exception>
    /// <exception cref="InvalidDataException">The tool refuses.</exception>
    public static async Task<string> CheckAsync(ArgillaSettings settings, TimeProvider time, PipelineOptions? patience, CancellationToken cancellationToken)
    {
        using var client = Client(settings.Connection, time, patience, null);
        return await new ArgillaTool(settings, client).CheckAsync(cancellationToken);
    }

    /// <inheritdoc cref="CheckAsync(ArgillaSettings, TimeProvider, PipelineOptions?, CancellationToken)"/>
    public static async Task<string> CheckAsync(LabelStudioSettings settings, TimeProvider time, PipelineOptions? patience, CancellationToken cancellationToken)
    {
        using var client = Client(settings.Connection, time, patience, null);
        return await new LabelStudioTool(settings, client).CheckAsync(cancellationToken);
    }

    static ToolClient Client(ToolConnection connection, TimeProvider time, PipelineOptions? patience, HttpMessageHandler? handler) =>
        new(connection, patience ?? Patience, time, handler);

    /// <summary>The step is tried again by the engine, and the next look comes soon; nobody waits for these calls.</summary>
    static PipelineOptions Patience { get; } = new() { Total = TimeSpan.FromMinutes(3), Try = TimeSpan.FromSeconds(60), Retries = 5 };
}
