using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Json;

namespace Rlhf.Runtime.Schedules;

/// <summary>An instance that a schedule is about to start. The hash is of what it would do: the definition's meaning and the resolved inputs.</summary>
internal sealed record ScheduledStart(WorkflowDefinition Definition, int Version, JsonObject Inputs, string InputsHash);

/// <summary>Starts instances as a schedule does: by its trigger, with its inputs, never over another one.</summary>
internal sealed class ScheduledStarts(WorkflowStore store, Transitions transitions, DefinitionCache definitions, RuntimeOptions options, TimeProvider time)
{
    /// <summary>Reads the newest published version and resolves its inputs.</summary>
    /// <exception cref="ArgumentException">An input is missing, or a name stands for nothing.</exception>
    /// <exception cref="InvalidDataException">This version of the product does not run the definition.</exception>
    public async Task<ScheduledStart> PrepareAsync(ScheduleRow schedule, CancellationToken cancellationToken)
    {
        var stored = await store.FindPublishedAsync(schedule.DefinitionId, cancellationToken)
            ?? throw new ArgumentException($"There is no published workflow '{schedule.DefinitionId}' in this store.");
        var definition = definitions.Read(stored.DefinitionId, stored.Version, stored.Json, stored.Source);
        var inputs = await ResolveAsync(definition, cancellationToken);
        var hash = CanonicalJson.Hash(new JsonArray(DefinitionMeaning.Hash(stored.Json, stored.Source), inputs.DeepClone()));
        return new(definition, stored.Version, inputs, hash);
    }

    /// <summary>Starts the instance and stores the firing in one transaction; returns the instance's id.</summary>
    /// <param name="firing">For the row of the instance, which has no instance yet, as its last one.</param>
    /// <exception cref="InstanceChangedException">Someone else fired the schedule; nothing was stored.</exception>
    /// <exception cref="SingletonException">An instance is open; nothing was stored.</exception>
    public async Task<string> StartAsync(ScheduledStart start, FiringWrite firing, CancellationToken cancellationToken)
    {
        var (schedule, id, definition) = (firing.Schedule, InstanceIds.New(time), start.Definition);
        var last = firing.Firings[^1];
        var row = new FiringRow
        {
            DefinitionId = last.DefinitionId,
            ActivityId = last.ActivityId,
            Due = last.Due,
            At = last.At,
            InstanceId = id,
            InputsHash = start.InputsHash,
        };
        var write = firing with { Firings = [.. firing.Firings.SkipLast(1), row] };
        var started = new Started(time.GetUtcNow(), id, start.Inputs, schedule.ActivityId) { Triggered = true };
        await transitions.StartAsync(
            definition, new(definition.DefinitionId, start.Version, definition.Singleton), started, cancellationToken,
            also: (db, token) => WorkflowStore.FireAsync(db, write, token));
        return id;
    }

    // Names are resolved by whatever the options say, over a network perhaps, which may fail in ways of its own.
    async Task<JsonObject> ResolveAsync(WorkflowDefinition definition, CancellationToken cancellationToken)
    {
        var given = ScheduleSettings.Of(definition).Inputs;
        try
        {
            return await ResolvedInputs.BindAsync(definition, given, options.ResolveInput, cancellationToken);
        }
        catch (Exception e) when (e is not (InvalidDataException or ArgumentException) && !cancellationToken.IsCancellationRequested)
        {
            throw new InvalidDataException($"The inputs of '{definition.DefinitionId}' could not be resolved: {e.Message}", e);
        }
    }
}
