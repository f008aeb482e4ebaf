using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Definitions;

/// <summary>
/// The kinds of values that cross a workflow file, by Elsa's aliases. Object is any JSON value, ObjectDictionary a JSON object.
/// </summary>
public enum ValueKind { String, Int32, Int64, Double, Boolean, Object, ObjectDictionary }

/// <summary>A kind of value, or a list of it.</summary>
public readonly record struct DataType(ValueKind Kind, bool IsList = false)
{
    public static readonly DataType Text = new(ValueKind.String), Boolean = new(ValueKind.Boolean), Any = new(ValueKind.Object),
        Dictionary = new(ValueKind.ObjectDictionary), Texts = new(ValueKind.String, IsList: true);

    /// <summary>By an alias such as <c>Int32</c> or <c>List&lt;String&gt;</c>.</summary>
    public static bool TryParse(string alias, bool isArray, out DataType type)
    {
        var item = alias.StartsWith("List<", StringComparison.Ordinal) && alias.EndsWith('>') ? alias[5..^1] : alias;
        var known = Enum.TryParse<ValueKind>(item, out var kind) && kind.ToString() == item && !(isArray && item != alias);
        type = new(kind, isArray || item != alias);
        return known;
    }

    public override string ToString() => IsList ? $"List<{Kind}>" : Kind.ToString();
}

/// <summary>Typed values as JSON: conversion by the rules of the declared type, with a reason where it cannot be done.</summary>
public static class Values
{
    /// <summary>True where every value of <paramref name="from"/> is one of <paramref name="to"/>.</summary>
    public static bool Fits(DataType from, DataType to) =>
        from == to || to == DataType.Any
        || (!from.IsList && !to.IsList && (to.Kind == ValueKind.String && from.Kind < ValueKind.Object
            || (from.Kind, to.Kind) is (ValueKind.Int32, ValueKind.Int64 or ValueKind.Double) or (ValueKind.Int64, ValueKind.Double)));

    /// <summary>
    /// Converts: text to the type it spells, whole numbers to integers, anything but lists and objects to text, numbers to Boolean as "not
    /// zero", JSON text to lists and dictionaries. Null stays null, and the empty text is null for every type but String and Object. False,
    /// with what was expected, where the value has no such form.
    /// </summary>
    public static bool TryConvert(JsonNode? value, DataType type, out JsonNode? converted, out string reason)
    {
        (converted, reason) = (value, "");
        if (value is null || type == DataType.Any) return true;
        if (value is JsonValue && value.GetValueKind() == JsonValueKind.String && value.GetValue<string>().Length == 0 && type != DataType.Text)
        {
            converted = null;
            return true;
        }
        converted = type switch
        {
            { IsList: true } => ToList(value, type.Kind),
            { Kind: ValueKind.ObjectDictionary } => Parsed(value) as JsonObject,
            _ => value is JsonValue ? ToScalar(value, type.Kind) : null,
        };
        if (converted is not null) return true;
        reason = $"is {Shorten(value is JsonValue ? $"'{value}'" : value.ToJsonString())}; expected {Describe(type)}";
        return false;
    }

    static JsonArray? ToList(JsonNode value, ValueKind kind)
    {
        if (Parsed(value) is not JsonArray items) return null;
        var list = new JsonArray();
        foreach (var item in items)
        {
            if (!TryConvert(item, new(kind), out var converted, out _)) return null;
            list.Add(converted?.DeepClone());
        }
        return list;
    }

    // As in Elsa, text that is JSON serves where a list or a dictionary is needed.
    static JsonNode? Parsed(JsonNode value)
    {
        if (value.GetValueKind() != JsonValueKind.String) return value;
        try
        {
            return JsonNode.Parse(value.GetValue<string>());
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static JsonValue? ToScalar(JsonNode value, ValueKind kind)
    {
        var form = value.GetValueKind();
        var (isBoolean, text) = (form is JsonValueKind.True or JsonValueKind.False, form == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString());
        return kind switch
        {
            ValueKind.String => JsonValue.Create(isBoolean ? (form == JsonValueKind.True ? "True" : "False") : text),
            ValueKind.Boolean => ToBoolean(form, text),
            ValueKind.Double => isBoolean ? null : ToDouble(text),
            _ => isBoolean ? null : ToInteger(text, kind),
        };
    }

    static JsonValue? ToBoolean(JsonValueKind form, string text) =>
        form == JsonValueKind.Number ? JsonValue.Create(double.Parse(text, CultureInfo.InvariantCulture) != 0)
        : bool.TryParse(text, out var boolean) ? JsonValue.Create(boolean)
        : null;

    static JsonValue? ToDouble(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number) : null;

    static JsonValue? ToInteger(string text, ValueKind kind)
    {
        // 3.0 and 1e3 are whole numbers too: scripts know no other kind.
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact)) return null;
            if (exact != decimal.Truncate(exact) || exact is < long.MinValue or > long.MaxValue) return null;
            number = (long)exact;
        }
        if (kind == ValueKind.Int64) return JsonValue.Create(number);
        return number is >= int.MinValue and <= int.MaxValue ? JsonValue.Create((int)number) : null;
    }

    static string Describe(DataType type) => type switch
    {
        { IsList: true } => $"a list of values of type {type.Kind}",
        { Kind: ValueKind.String } => "a text",
        { Kind: ValueKind.Int32 } => "a whole number of 32 bits (Int32)",
        { Kind: ValueKind.Int64 } => "a whole number of 64 bits (Int64)",
        { Kind: ValueKind.Double } => "a finite number (Double)",
        { Kind: ValueKind.Boolean } => "true or false (Boolean)",
        _ => "a JSON object (ObjectDictionary)",
    };

    static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
