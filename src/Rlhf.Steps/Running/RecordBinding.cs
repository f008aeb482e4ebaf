using System.ComponentModel.DataAnnotations;
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
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var range = property.GetCustomAttribute<RangeAttribute>() ?? ParameterRange(type, property.Name);
            var value = property.GetValue(record);
            var name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            if (value is double number && !double.IsFinite(number))
                throw new ArgumentException($"{what}: '{name}' is {number}; expected a finite number.");
            if (range is not null && value is not null && !range.IsValid(value))
                throw new ArgumentException($"{what}: '{name}' is {value}; expected {range.Minimum} to {range.Maximum}.");
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
        try
        {
            return present.Deserialize(type, BindingOptions)!;
        }
        catch (JsonException e)
        {
            var known = type.GetProperties().Select(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name)).Order(StringComparer.Ordinal);
            var unknown = values.FirstOrDefault(v => !known.Contains(v.Key)).Key;
            throw new ArgumentException(unknown is not null
                ? $"{what}: '{unknown}' is unknown; known are {string.Join(", ", known)}."
                : $"{what}: {e.Message}", e);
        }
    }

    static readonly JsonSerializerOptions BindingOptions = new(CanonicalJson.Options)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    static RangeAttribute? ParameterRange(Type type, string name) =>
        type.GetConstructors().SelectMany(c => c.GetParameters())
            .FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase) && p.IsDefined(typeof(RangeAttribute)))
            ?.GetCustomAttribute<RangeAttribute>();
}
