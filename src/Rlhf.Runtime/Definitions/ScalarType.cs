using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Definitions;

/// <summary>The types whose values may cross a workflow file, by Elsa's aliases.</summary>
public enum ScalarType { String, Int32, Int64, Double, Boolean }

/// <summary>Typed values as JSON: conversion by the rules of the declared type, with a reason where it cannot be done.</summary>
public static class Scalars
{
    public static bool TryParseType(string? alias, out ScalarType type) => Enum.TryParse(alias, out type) && type.ToString() == alias;

    /// <summary>True where every value of <paramref name="from"/> is one of <paramref name="to"/>.</summary>
    public static bool Fits(ScalarType from, ScalarType to) =>
        from == to || to == ScalarType.String
        || (from, to) is (ScalarType.Int32, ScalarType.Int64 or ScalarType.Double) or (ScalarType.Int64, ScalarType.Double);

    /// <summary>
    /// Converts: text to the type it spells, whole numbers to integers, anything to text, numbers to Boolean as "not zero". Null stays
    /// null, and the empty text is null for every type but String. False, with what was expected, where the value has no such form.
    /// </summary>
    public static bool TryConvert(JsonNode? value, ScalarType type, out JsonNode? converted, out string reason)
    {
        reason = "";
        converted = null;
        if (value is null) return true;
        if (value is not JsonValue)
        {
            reason = $"is {Shorten(value.ToJsonString())}; expected {Describe(type)}";
            return false;
        }
        var kind = value.GetValueKind();
        var text = kind == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
        if (text.Length == 0 && type != ScalarType.String) return true;
        converted = type switch
        {
            ScalarType.String => kind is JsonValueKind.True or JsonValueKind.False ? (kind == JsonValueKind.True ? "True" : "False") : text,
            ScalarType.Boolean => ToBoolean(kind, text),
            ScalarType.Double => IsBoolean(kind) ? null : ToDouble(text),
            _ => IsBoolean(kind) ? null : ToInteger(text, type),
        };
        if (converted is null) reason = $"is '{Shorten(text)}'; expected {Describe(type)}";
        return converted is not null;
    }

    static bool IsBoolean(JsonValueKind kind) => kind is JsonValueKind.True or JsonValueKind.False;

    static JsonValue? ToBoolean(JsonValueKind kind, string text) =>
        kind == JsonValueKind.Number ? JsonValue.Create(double.Parse(text, CultureInfo.InvariantCulture) != 0)
        : bool.TryParse(text, out var boolean) ? JsonValue.Create(boolean)
        : null;

    static JsonValue? ToDouble(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number) : null;

    static JsonValue? ToInteger(string text, ScalarType type)
    {
        // 3.0 and 1e3 are whole numbers too: scripts know no other kind.
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact)) return null;
            if (exact != decimal.Truncate(exact) || exact is < long.MinValue or > long.MaxValue) return null;
            number = (long)exact;
        }
        if (type == ScalarType.Int64) return JsonValue.Create(number);
        return number is >= int.MinValue and <= int.MaxValue ? JsonValue.Create((int)number) : null;
    }

    static string Describe(ScalarType type) => type switch
    {
        ScalarType.String => "a text",
        ScalarType.Int32 => "a whole number of 32 bits (Int32)",
        ScalarType.Int64 => "a whole number of 64 bits (Int64)",
        ScalarType.Double => "a finite number (Double)",
        _ => "true or false (Boolean)",
    };

    static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
