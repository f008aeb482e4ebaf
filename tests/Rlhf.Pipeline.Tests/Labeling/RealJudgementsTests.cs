using System.Text.Json.Nodes;
using Rlhf.Pipeline.Imports;
using Rlhf.Pipeline.Labeling;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Labeling;

namespace Rlhf.Pipeline.Tests.Labeling;

/// <summary>Real people's judgements, in the form that files of judgements have.</summary>
public sealed class RealJudgementsTests : IDisposable
{
    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    string Written(IEnumerable<JsonObject> lines)
    {
        var file = Path.Combine(_run.Folder, "judgements.jsonl.gz");
        JudgementFile.Write(file, lines.Select(l => l.ToJsonString()));
        return file;
    }

    [Fact]
    public async Task The_evaluators_of_tulu_1_have_their_known_agreement_and_their_judgements_can_be_trained_on()
    {
        var file = Written(File.ReadLines(SharedData.File("tulu1-human-eval", "annotations.jsonl")).Select(l => Tulu(JsonNode.Parse(l)!.AsObject())));

        var report = JudgementReports.Of(JudgementFile.Read(file, Token));
        var imported = await JudgementImport.RunAsync(_run.Artifacts, file, null, Token);
        var built = await _run.Completes("BuildPreferences", new() { ["comparisons"] = $"{imported.Comparisons}", ["judgements"] = $"{imported.Judgements}" });

        var axis = Assert.Single(report.Axes);
        var agreement = axis.Agreement;
        Assert.Equal((1150, 996, 16, 121), (report.Judgements, agreement.Items, agreement.Labelers, agreement.ItemsJudgedTwice));
        Assert.Equal((.579, .149), (Math.Round(agreement.Agreement!.Value, 3), Math.Round(agreement.Opposite!.Value, 3)));
        Assert.Equal(.35, agreement.CohenKappa!.Value, .005);
        Assert.True(agreement.Alarm);
        // Another order of the sides gives Cohen's κ another chance level; these know no order of labelers.
        Assert.InRange(agreement.KrippendorffNominal!.Value, .32, .36);
        Assert.InRange(agreement.FleissKappa!.Value, .31, .35);
        Assert.Equal(16, axis.Labelers.Count);
        Assert.Equal(996, axis.Consensus.Count);
        Assert.Equal(1150 - 39, imported.Pairs);
        Assert.True(built["trainPairs"]!.GetValue<int>() > 400);
    }

    [Fact]
    public async Task Comparisons_of_four_answers_with_ties_are_read_reported_and_can_be_trained_on()
    {
        var questions = JsonNode.Parse(await File.ReadAllTextAsync(SharedData.File("finegrained-qa", "dev_feedback.json"), Token))!.AsArray();
        var file = Written(questions.SelectMany((question, i) => FineGrained(question!.AsObject(), i)));

        var report = JudgementReports.Of(JudgementFile.Read(file, Token));
        var imported = await JudgementImport.RunAsync(_run.Artifacts, file, null, Token);
        var built = await _run.Completes("BuildPreferences", new() { ["comparisons"] = $"{imported.Comparisons}", ["judgements"] = $"{imported.Judgements}" });

        var axis = Assert.Single(report.Axes);
        Assert.Equal((1577, 384, 1039), (axis.Choices["a"], axis.Choices["tie"], axis.Choices["b"]));
        Assert.Null(axis.Agreement.Agreement);
        Assert.Equal("No item was judged by two labelers.", axis.Agreement.Reasons["agreement"]);
        Assert.Equal(3000, imported.Pairs + imported.Counts.Identical);
        Assert.True(built["ties"]!.GetValue<int>() > 200);
    }

    static JsonObject Tulu(JsonObject row)
    {
        var models = new[] { $"{row["model_a"]}", $"{row["model_b"]}" }.Order(StringComparer.Ordinal);
        return new()
        {
            ["item"] = $"{row["instance_id"]}/{row["instance_index"]}/{string.Join('/', models)}",
            ["prompt"] = $"{row["prompt"]}",
            ["completion_a"] = $"{row["completion_a"]}",
            ["completion_b"] = $"{row["completion_b"]}",
            ["source_a"] = $"{row["model_a"]}",
            ["source_b"] = $"{row["model_b"]}",
            ["labeler"] = $"{row["evaluator"]}",
            ["labeler_kind"] = "person",
            ["choice"] = $"{row["preference"]}" switch
            {
                "a-is-better" => "a",
                "a-is-slightly-better" => "a_slight",
                "tie" => "tie",
                "b-is-slightly-better" => "b_slight",
                _ => "b",
            },
            ["at"] = $"{row["timestamp"]}",
        };
    }

    // Six comparisons in the order (1,2), (1,3), (1,4), (2,3), (2,4), (3,4); 1 the first is better, 2 the second, 0 a tie.
    static IEnumerable<JsonObject> FineGrained(JsonObject question, int number)
    {
        (int A, int B)[] pairs = [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)];
        return pairs.Select((pair, i) => new JsonObject
        {
            ["item"] = $"{number}-{pair.A}-{pair.B}",
            ["prompt"] = $"{question["question"]}",
            ["completion_a"] = $"{question[$"prediction {pair.A}"]}",
            ["completion_b"] = $"{question[$"prediction {pair.B}"]}",
            ["labeler"] = "asqa",
            ["choice"] = question["preference"]![i]!.GetValue<int>() switch { 1 => "a", 2 => "b", _ => "tie" },
        });
    }
}
