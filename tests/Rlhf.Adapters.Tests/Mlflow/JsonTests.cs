using System.Text.Json;
using Rlhf.Adapters.Mlflow;

namespace Rlhf.Adapters.Tests.Mlflow;

public class JsonTests
{
    [Theory]
    [InlineData(double.NaN, "\"NaN\"")]
    [InlineData(double.PositiveInfinity, "\"Infinity\"")]
    [InlineData(double.NegativeInfinity, "\"-Infinity\"")]
    [InlineData(0.1, "0.1")]
    [InlineData(1e308, "1E+308")]
    [InlineData(5e-324, "5E-324")]
    public void Numbers_that_are_none_are_sent_as_text(double value, string json) =>
        Assert.Equal($$"""{"key":"k","value":{{json}},"timestamp":2,"step":3}""", JsonSerializer.Serialize(new MlflowMetric("k", value, 2, 3), MlflowJson.Options));

    [Theory]
    [InlineData("\"NaN\"", double.NaN)]
    [InlineData("\"Infinity\"", double.PositiveInfinity)]
    [InlineData("1.7976931348623157e+308", double.PositiveInfinity)]
    [InlineData("-1.7976931348623157e+308", double.NegativeInfinity)]
    [InlineData("1", 1)]
    public void Values_are_read_in_each_form_that_a_server_has_for_them(string json, double value) =>
        Assert.Equal(value, JsonSerializer.Deserialize<MlflowMetric>($$"""{"key":"k","value":{{json}},"timestamp":2}""", MlflowJson.Options)!.Value);

    [Theory]
    [InlineData("\"abc\"")]
    [InlineData("true")]
    [InlineData("null")]
    public void What_is_no_value_is_an_error_and_not_a_zero(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<MlflowMetric>($$"""{"key":"k","value":{{json}},"timestamp":2}""", MlflowJson.Options));

    [Theory]
    [InlineData("9007199254740993", "\"-3\"")]
    [InlineData("\"9007199254740993\"", "-3")]
    public void An_int64_is_read_from_a_number_or_a_text_without_loss(string time, string step)
    {
        var metric = JsonSerializer.Deserialize<MlflowMetric>($$"""{"key":"k","value":1,"timestamp":{{time}},"step":{{step}}}""", MlflowJson.Options)!;

        Assert.Equal((9007199254740993, -3), (metric.Timestamp, metric.Step));
    }

    [Fact]
    public void Lists_that_are_left_out_are_empty_and_unknown_members_are_skipped()
    {
        var run = JsonSerializer.Deserialize<MlflowRun>(
            """{"info":{"run_id":"r","experiment_id":"1","status":"RUNNING","of_the_future":[1]},"inputs":{}}""", MlflowJson.Options)!;

        Assert.Empty(run.Data.Metrics);
        Assert.Empty(run.Inputs.DatasetInputs);
        Assert.Null(run.Info.EndTime);
    }

    [Fact]
    public void A_member_that_is_needed_and_missing_is_an_error() =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<MlflowRun>("""{"info":{"run_id":"r"}}""", MlflowJson.Options));
}
