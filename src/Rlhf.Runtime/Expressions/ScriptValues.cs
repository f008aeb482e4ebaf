using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Jint;
using Jint.Native;

namespace Rlhf.Runtime.Expressions;

/// <summary>JSON to script values and back. What comes back is bounded: in depth, in the number of values and in text.</summary>
internal static class ScriptValues
{
    const int MaxDepth = 32;
    const int MaxValues = 100_000;
    const int MaxCharacters = 1 << 20;

    public static JsValue ToScript(Engine engine, JsonNode? value) => value switch
    {
        null => JsValue.Null,
        JsonArray array => new JsArray(engine, [.. array.Select(item => ToScript(engine, item))]),
        JsonObject json => ToScript(engine, json),
        _ => value.GetValueKind() switch
        {
            JsonValueKind.True => JsBoolean.True,
            JsonValueKind.False => JsBoolean.False,
            JsonValueKind.Number => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture),
            _ => value.GetValue<string>(),
        },
    };

    static JsObject ToScript(Engine engine, JsonObject json)
    {
        var script = new JsObject(engine);
        foreach (var (name, value) in json) script.Set(name, ToScript(engine, value));
        return script;
    }

    /// <exception cref="ScriptException">The value has no form in JSON, or is too large.</exception>
    public static JsonNode? ToJson(JsValue value)
    {
        var (values, characters) = (0, 0);
        return Convert(value, 0);

        JsonNode? Convert(JsValue value, int depth)
        {
            if (++values > MaxValues) throw TooLarge($"{MaxValues} values");
            if (depth > MaxDepth) throw new ScriptException($"the script gives a value that is nested more than {MaxDepth} deep");
            switch (value)
            {
                case JsArray array:
                    return new JsonArray([.. array.Select(item => Convert(item, depth + 1))]);
                case JsDate date:
                    return JsonValue.Create(date.ToDateTime().ToUniversalTime().ToString("o", CultureInfo.InvariantCulture));
                case Jint.Native.Function.Function:
                    throw new ScriptException("the script gives a function; expected a value");
                case Jint.Native.Object.ObjectInstance instance:
                    var json = new JsonObject();
                    foreach (var key in instance.GetOwnPropertyKeys(Jint.Runtime.Types.String))
                    {
                        if (instance.GetOwnProperty(key).Enumerable) json[Counted(key.ToString())] = Convert(instance.Get(key), depth + 1);
                    }
                    return json;
                default:
                    return Scalar(value);
            }
        }

        JsonValue? Scalar(JsValue value) => value switch
        {
            _ when value.IsNull() || value.IsUndefined() => null,
            _ when value.IsBoolean() => JsonValue.Create(value.AsBoolean()),
            _ when value.IsString() => JsonValue.Create(Counted(value.AsString())),
            _ when value.IsNumber() && double.IsFinite(value.AsNumber()) => Number(value.AsNumber()),
            _ when value.IsNumber() => throw new ScriptException($"the script gives {value}; expected a finite number"),
            _ => throw new ScriptException($"the script gives {value.Type.ToString().ToLowerInvariant()}; expected a value that JSON has"),
        };

        string Counted(string text) =>
            (characters += text.Length) <= MaxCharacters ? text
            : throw TooLarge($"{MaxCharacters} characters of text");
    }

    static ScriptException TooLarge(string bound) =>
        new($"the script gives more than {bound}; expected less: data crosses as artifact references");

    static JsonValue Number(double number) =>
        Math.Abs(number) < 1L << 53 && number == Math.Truncate(number) ? JsonValue.Create((long)number) : JsonValue.Create(number);
}
