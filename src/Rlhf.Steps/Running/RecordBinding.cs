using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Running;

/// <summary>A rule across the fields of a record: returns a sentence that names field, value and what was expected, or null.</summary>
public interface IValidated
{
    string? Validate();
}

/// <summary>Makes a record from scalars by name: an unknown name, a value of another type or out of its range is an error that names it.</summary>
public static class RecordBinding
{
    /// <exception cref="ArgumentException">The values do not fit the record; the message names <paramref name="what"/>, field, value and range.</exception>
    public static T Bind<T>(JsonObject values, string what) where T : notnull => (T)Bind(typeof(T), values, what);

    public static object Bind(Type type, JsonObject values, string what)
    {
        var record = Read(type, values, what);
        foreach (var field in StepField.Of(type))
        {
            var value = type.GetProperty(field.Name, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase)!.GetValue(record);
            if (value is double number && !double.IsFinite(number))
                throw new ArgumentException($"{what}: '{field.Name}' is {number}; expected a finite number.");
            if (field.Minimum is { } minimum && value is not null && Convert.ToDouble(value) is var x && (x < minimum || x > field.Maximum))
                throw new ArgumentException($"{what}: '{field.Name}' is {value}; expected {minimum} to {field.Maximum}.");
        }
        if (record is IValidated validated && validated.Validate() is { } reason) throw new ArgumentException($"{what}: {reason}");
        return record;
    }

    static object Read(Type type, JsonObject values, string what)
    {
        var present = new JsonObject();
        foreach (var (name, value) in values)
        {
            if (value is not null && !(value.GetValueKind() == JsonValueKind.String && value.GetValue<string>().Length == 0))
                present[name] = value.DeepClone();
        }
        var fields = StepField.Of(type);
        if (present.FirstOrDefault(v => fields.All(f => f.Name != v.Key)).Key is { } unknown)
            throw new ArgumentException($"{what}: '{unknown}' is unknown; known are {string.Join(", ", fields.Select(f => f.Name))}.");
        if (fields.FirstOrDefault(f => f.Required && !present.ContainsKey(f.Name)) is { } missing)
            throw new ArgumentException($"{what}: '{missing.Name}' is missing; expected {missing.TypeName} ({missing.Description})");
        try
        {
            return present.Deserialize(type, BindingOptions)!;
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"{what}: {e.Message}", e);
        }
    }

    static readonly JsonSerializerOptions BindingOptions = new(CanonicalJson.Options) { RespectNullableAnnotations = true };
}
