using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rlhf.Adapters.Mlflow;

/// <summary>
/// MLflow's JSON: snake_case, members that are null or unknown left out, an int64 as a number or as text, a list that is empty left out. A
/// member that a record needs and the answer lacks is an error.
/// </summary>
static class MlflowJson
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowReadingFromString,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseUpper, allowIntegerValues: false) },
    };
}

/// <summary>
/// A metric's value. What is not finite goes as text, since the server stores a bare token as 0 without an error; it comes back as the text
/// "NaN", and an infinity as the greatest finite number of its sign.
/// </summary>
sealed class MetricValueJsonConverter : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number) return Widen(reader.GetDouble());
        return (reader.TokenType == JsonTokenType.String ? reader.GetString() : null) switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            var other => throw new JsonException($"'{other ?? reader.TokenType.ToString()}' is not a metric's value; expected a number, \"NaN\", \"Infinity\" or \"-Infinity\"."),
        };
    }

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value)) writer.WriteNumberValue(value);
        else writer.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }

    static double Widen(double value) => value switch
    {
        double.MaxValue => double.PositiveInfinity,
        double.MinValue => double.NegativeInfinity,
        _ => value,
    };
}
