using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Running;

/// <summary>Pure: the outputs follow from inputs, hparams and seed alone, and are cached. Effectful: it touches the world and is never cached.</summary>
public enum StepKind { Pure, Effectful }

/// <summary>One named value of a step: an input, an hparam or an output. Scalars and artifact references only.</summary>
public sealed record StepField(string Name, Type Type, bool Required, object? Default, double? Minimum, double? Maximum, string Description)
{
    public bool IsArtifact => Type == typeof(ArtifactRef);

    /// <summary>
    /// The property of the activity in a workflow file. Inputs and outputs are properties of one object there: an output that is called like
    /// an input, an hparam or <c>preset</c> is written <c>newName</c>.
    /// </summary>
    public string WorkflowProperty { get; init; } = Name;

    /// <summary>The alias Elsa uses for the type: String, Int32, Int64, Double or Boolean.</summary>
    public string TypeName => Type == typeof(ArtifactRef) || Type.IsEnum ? "String" : Type.Name;

    /// <summary>The fields of a record in the order of its constructor; a range or description stands on the property or its parameter.</summary>
    public static IReadOnlyList<StepField> Of(Type type)
    {
        var nullability = new NullabilityInfoContext();
        var parameters = type.GetConstructors().MaxBy(c => c.GetParameters().Length)?.GetParameters() ?? [];
        return [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).Select(property =>
        {
            var parameter = parameters.FirstOrDefault(p => string.Equals(p.Name, property.Name, StringComparison.OrdinalIgnoreCase));
            var range = property.GetCustomAttribute<RangeAttribute>() ?? parameter?.GetCustomAttribute<RangeAttribute>();
            var description = property.GetCustomAttribute<DescriptionAttribute>() ?? parameter?.GetCustomAttribute<DescriptionAttribute>();
            var nullable = nullability.Create(property).WriteState == NullabilityState.Nullable;
            var hasDefault = parameter is { HasDefaultValue: true };
            return new StepField(
                JsonNamingPolicy.CamelCase.ConvertName(property.Name),
                Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType,
                !nullable && !hasDefault,
                hasDefault ? parameter!.DefaultValue : null,
                range is null ? null : Convert.ToDouble(range.Minimum),
                range is null ? null : Convert.ToDouble(range.Maximum),
                description?.Description ?? "");
        })];
    }
}

/// <summary>
/// Everything about a step but its code: its name, the version of its result (raised by hand when the result of the same inputs changes),
/// kind, queue, and the records of its inputs, hparams and outputs.
/// </summary>
public sealed record StepDescription(string Name, int Version, StepKind Kind, Type InputsType, Type HParamsType, Type OutputsType, string Description)
{
    /// <summary>The input that every step has besides its own: an artifact of hparams by step.</summary>
    public const string Preset = "preset";

    /// <summary>The activity type in a workflow file.</summary>
    public string ActivityType => $"Rlhf.{Name}";

    /// <summary>What the step can answer; <c>Done</c> unless stated.</summary>
    public IReadOnlyList<string> Outcomes { get; init; } = ["Done"];

    /// <summary>Where it runs: <c>cpu</c>, or <c>gpu</c> for work on tensors.</summary>
    public string Queue { get; init; } = "cpu";

    /// <summary>How often a transient failure is tried again; <see cref="RetryPolicy.Default"/> unless stated.</summary>
    public RetryPolicy Retry { get; init; } = RetryPolicy.Default;

    public IReadOnlyList<StepField> Inputs { get; } = StepField.Of(InputsType);

    public IReadOnlyList<StepField> HParams { get; } = StepField.Of(HParamsType);

    public IReadOnlyList<StepField> Outputs { get; } = OutputsOf(OutputsType, [.. StepField.Of(InputsType), .. StepField.Of(HParamsType)]);

    static IReadOnlyList<StepField> OutputsOf(Type type, List<StepField> given) =>
        [.. StepField.Of(type).Select(f => f.Name == Preset || given.Any(g => g.Name == f.Name)
            ? f with { WorkflowProperty = $"new{char.ToUpperInvariant(f.Name[0])}{f.Name[1..]}" }
            : f)];
}
