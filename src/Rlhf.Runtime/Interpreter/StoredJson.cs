using System.Text;
using System.Text.Json;
using Rlhf.Steps.Json;

namespace Rlhf.Runtime.Interpreter;

/// <summary>
/// The stored form of states and events. Unlike canonical JSON it keeps the order, the nulls and the case of what scripts made.
/// </summary>
internal static class StoredJson
{
    // Scripts may give values 32 deep, which stand some levels deep in a state.
    static readonly JsonSerializerOptions Options = new(CanonicalJson.Options) { PropertyNameCaseInsensitive = false, MaxDepth = 256 };

    public static string ToText<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <exception cref="InvalidDataException">The text is no such record; the message names <paramref name="what"/>.</exception>
    public static T Parse<T>(string json, string what)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(Encoding.UTF8.GetBytes(json), Options)
                ?? throw new InvalidDataException($"{what} holds 'null' where a {typeof(T).Name} was expected.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{what} is not a valid {typeof(T).Name}: {e.Message}", e);
        }
    }
}
