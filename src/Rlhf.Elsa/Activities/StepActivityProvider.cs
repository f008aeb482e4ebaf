using System.Globalization;
using System.Text.RegularExpressions;
using Elsa.Workflows;
using Elsa.Workflows.Models;
using Elsa.Workflows.UIHints;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Elsa.Activities;

/// <summary>The descriptors of all steps: inputs and hparams with defaults and ranges, outputs, outcomes as ports. Every one makes a <see cref="StepActivity"/>.</summary>
sealed partial class StepActivityProvider(StepCatalog catalog) : IActivityProvider
{
    /// <summary>The category of the steps in the palette.</summary>
    public const string Category = "RLHF";

    static readonly StepField Preset = new(
        StepDescription.Preset, typeof(string), false, null, null, null, "HParams of the steps; those that are given here come before it.");

    public ValueTask<IEnumerable<ActivityDescriptor>> GetDescriptorsAsync(CancellationToken cancellationToken = default) => new(catalog.Steps.Select(Describe).ToList());

    static ActivityDescriptor Describe(StepDescription step) => new()
    {
        TypeName = step.ActivityType,
        ClrType = typeof(StepActivity),
        Namespace = "Rlhf",
        Name = step.Name,
        // The version of the activity, not of the step's result: files say 1.
        Version = 1,
        Category = Category,
        DisplayName = WordsOf(step.Name),
        Description = step.Description,
        Kind = ActivityKind.Action,
        Inputs = [.. step.Inputs.Select(f => (f, "")).Append((Preset, "")).Concat(step.HParams.Select(f => (f with { Required = false }, "HParams"))).Select((f, place) => InputOf(f.Item1, f.Item2, place))],
        Outputs = [.. step.Outputs.Select(OutputOf)],
        Ports = [.. step.Outcomes.Select(o => new Port { Name = o, DisplayName = o, Type = PortType.Flow })],
        Constructor = context =>
        {
            var result = context.CreateActivity<StepActivity>();
            (result.Activity.Type, result.Activity.Version) = (step.ActivityType, 1);
            return result;
        },
    };

    static InputDescriptor InputOf(StepField field, string category, int place)
    {
        var name = StepValues.Name(field.Name);
        return new()
        {
            Name = name,
            Type = StepValues.ClrType(field, !field.Required),
            ValueGetter = activity => activity.SyntheticProperties.TryGetValue(name, out var value) ? value : null,
            ValueSetter = (activity, value) => activity.SyntheticProperties[name] = value!,
            IsWrapped = true,
            IsSynthetic = true,
            IsSerializable = true,
            UIHint = field.Type.IsEnum ? InputUIHints.DropDown : field.Type == typeof(bool) ? InputUIHints.Checkbox : InputUIHints.SingleLine,
            UISpecifications = field.Type.IsEnum ? Choices(field.Type) : null,
            DisplayName = WordsOf(field.Name),
            Description = DescriptionOf(field),
            Category = category.Length == 0 ? null : category,
            Order = place,
            // No DefaultValue: Elsa gives an input that a file leaves out its descriptor's default, and that would come before the preset. The description names it.
            DefaultSyntax = "Literal",
        };
    }

    static OutputDescriptor OutputOf(StepField field, int place)
    {
        var name = StepValues.Name(field.WorkflowProperty);
        return new()
        {
            Name = name,
            Type = StepValues.ClrType(field, optional: false),
            ValueGetter = activity => activity.SyntheticProperties.TryGetValue(name, out var value) ? value : null,
            ValueSetter = (activity, value) => activity.SyntheticProperties[name] = value!,
            IsSynthetic = true,
            IsSerializable = true,
            DisplayName = WordsOf(field.Name),
            Description = field.Description,
            Order = place,
        };
    }

    static Dictionary<string, object> Choices(Type type) => new()
    {
        [InputUIHints.DropDown] = new { SelectList = new { Items = Enum.GetValues(type).Cast<object>().Select(v => new { Text = TextOf(v), Value = TextOf(v) }).ToList(), IsFlagsEnum = false } },
    };

    static string TextOf(object value) => CanonicalJson.ToNode(value)!.GetValue<string>();

    static string DescriptionOf(StepField field)
    {
        var range = field is { Minimum: { } least, Maximum: { } most } ? string.Create(CultureInfo.InvariantCulture, $" {least:R} to {most:R}.") : "";
        var standard = field.Default is { } value && CanonicalJson.ToNode(value)!.ToString() is { Length: > 0 } text ? $" Default {text}." : field.Required ? " Required." : "";
        return $"{field.Description}{range}{standard}";
    }

    static string WordsOf(string property)
    {
        var words = Capital().Replace(property, m => $" {m.Value.ToLowerInvariant()}").TrimStart();
        return char.ToUpperInvariant(words[0]) + words[1..];
    }

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]")]
    private static partial Regex Capital();
}
