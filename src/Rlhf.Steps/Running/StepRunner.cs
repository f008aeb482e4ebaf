using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Running;

/// <summary>
/// Runs steps by name: binds and checks inputs and hparams, answers from the record where the key is finished, otherwise runs the step
/// and commits its record. The one place where a step's exceptions become answers.
/// </summary>
public sealed class StepRunner(
    IEnumerable<IStep> steps, IObjectStore objects, TimeProvider time, IReadOnlyDictionary<string, object> services, TimeSpan checkpointInterval,
    string environment = Aliases.Sandbox)
{
    readonly Dictionary<string, IStep> _steps = steps.ToDictionary(s => s.Description.Name);
    readonly StepRecords _records = new(objects);

    /// <summary>Where its artifacts, records and checkpoints are.</summary>
    public IObjectStore Objects => objects;

    public IReadOnlyList<StepDescription> Steps => [.. _steps.Values.Select(s => s.Description).OrderBy(d => d.Name, StringComparer.Ordinal)];

    /// <exception cref="ArgumentException">No step of that name.</exception>
    public StepDescription Describe(string name) =>
        _steps.TryGetValue(name, out var step) ? step.Description
        : throw new ArgumentException($"'{name}' is no known step; known are {string.Join(", ", _steps.Keys.Order(StringComparer.Ordinal))}.");

    /// <summary>
    /// <paramref name="values"/> are inputs and hparams by name; hparams not given come from the section named after the step in the
    /// artifact <c>preset</c> (kind hparams), then from their defaults. While <paramref name="drain"/> is requested a step that keeps
    /// checkpoints stops at its next one; other steps go on to their end.
    /// </summary>
    /// <exception cref="StepDrainedException">The step stopped for the drain; the same execution goes on from its checkpoint.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the last checkpoint stays.</exception>
    public async Task<StepResult> RunAsync(
        string name, JsonObject values, StepExecution execution, IStepObserver? observer, CancellationToken cancellationToken, CancellationToken drain = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(execution.Epoch);
        var step = _steps[Describe(name).Name];
        try
        {
            var artifacts = new ArtifactStore(objects);
            var (inputs, hparams) = await BindAsync(step.Description, values, artifacts, cancellationToken);
            var key = StepKey.Of(step.Description, inputs, hparams, execution);
            var journal = new MetricJournal(time, (update, metrics) => observer?.Metrics(execution.Activity, update, metrics));
            var start = new StepStart(key, name, step.Description.Version, ProductVersion, execution.Instance, execution.Activity, inputs, hparams, time.GetUtcNow());
            var checkpoints = new Checkpoints(objects, key, execution.Epoch, journal, time, checkpointInterval, drain) { Start = start };
            if (await _records.FindAsync(key, cancellationToken) is { } finished)
            {
                await checkpoints.RemoveAllAsync(cancellationToken); // an attempt may have been killed right after its commit
                return new StepResult.Completed(finished.Outputs, finished.Outcome) { Cached = true };
            }

            var context = new StepContext(key, execution, artifacts, checkpoints, journal, new Aliases(objects, environment), new Names(objects, time), time, observer, services);
            var result = await step.RunAsync(inputs, hparams, context, cancellationToken);
            if (result is not StepResult.Completed completed) return result;

            var record = await _records.CommitAsync(new StepRecord(
                key, name, step.Description.Version, ProductVersion, execution.Instance, execution.Activity, inputs, hparams,
                completed.Outputs, completed.Outcome, start.StartedAt, time.GetUtcNow(), (time.GetUtcNow() - start.StartedAt).TotalSeconds,
                Process.GetCurrentProcess().PeakWorkingSet64, await journal.StoreAsync(objects, cancellationToken))
            { StartedBy = execution.StartedBy }, cancellationToken);
            await checkpoints.RemoveAllAsync(cancellationToken);
            return new StepResult.Completed(record.Outputs, record.Outcome);
        }
        catch (Exception e) when (e is InvalidDataException or NotFiniteNumberException or ArgumentException or ArtifactNotFoundException or FileNotFoundException or DirectoryNotFoundException)
        {
            return new StepResult.Failed(e.Message, Transient: false);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            return new StepResult.Failed(e.Message, Transient: true);
        }
    }

    static async Task<(JsonObject Inputs, JsonObject HParams)> BindAsync(
        StepDescription step, JsonObject values, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var inputs = new JsonObject();
        var hparams = await PresetAsync(step, values, artifacts, cancellationToken);
        foreach (var (name, value) in values)
        {
            if (name == StepDescription.Preset) continue;
            if (step.HParams.Any(f => f.Name == name)) hparams[name] = value?.DeepClone();
            else inputs[name] = value?.DeepClone();
        }
        // Through the records, so that defaults are part of the key and a default that changes changes the key.
        return (
            CanonicalJson.ToObject(RecordBinding.Bind(step.InputsType, inputs, $"{step.Name}, inputs")),
            CanonicalJson.ToObject(RecordBinding.Bind(step.HParamsType, hparams, $"{step.Name}, hparams")));
    }

    static async Task<JsonObject> PresetAsync(StepDescription step, JsonObject values, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        if ($"{values[StepDescription.Preset]}" is not { Length: > 0 } preset) return [];
        var sections = await artifacts.ReadJsonAsync<JsonObject>(ArtifactRef.Parse(preset), "hparams.json", cancellationToken);
        return sections[step.Name] switch
        {
            null => [],
            JsonObject section => section.DeepClone().AsObject(),
            var other => throw new InvalidDataException($"Preset {preset}: '{step.Name}' is {other.ToJsonString()}; expected an object of hparams."),
        };
    }

    /// <summary>The version of this product, as step records name it.</summary>
    public static string ProductVersion { get; } =
        typeof(StepRunner).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
