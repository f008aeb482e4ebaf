using System.Text.Json.Nodes;
using Rlhf.Pipeline.Imports;
using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Tests.Imports;

/// <summary>Files of judgements become prompts, comparisons and judgements that keep who judged and who wrote.</summary>
public sealed class JudgementFileImportTests : IDisposable
{
    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    async Task<ImportedJudgements> Import(string? axis, params JsonObject[] lines)
    {
        var file = Path.Combine(_run.Folder, "judgements.jsonl");
        await File.WriteAllLinesAsync(file, lines.Select(l => l.ToJsonString()), Token);
        return await JudgementImport.RunAsync(_run.Artifacts, file, axis, Token);
    }

    static JsonObject Line(int item, string labeler, string choice, bool swapped = false, params (string Field, JsonNode Value)[] more)
    {
        var line = new JsonObject
        {
            ["item"] = item,
            ["prompt"] = $"Question number {item}?",
            ["completion_a"] = $"{(swapped ? "Bad" : "Good")} {item}",
            ["completion_b"] = $"{(swapped ? "Good" : "Bad")} {item}",
            ["source_a"] = swapped ? "small" : "large",
            ["source_b"] = swapped ? "large" : "small",
            ["labeler"] = labeler,
            ["choice"] = choice,
        };
        foreach (var (field, value) in more) line[field] = value;
        return line;
    }

    Task<List<Judgement>> Judgements(ImportedJudgements imported) => _run.Artifacts.ReadLinesAsync<Judgement>(imported.Judgements, "judgements.jsonl", Token);

    [Fact]
    public async Task BuildPreferences_takes_them_whichever_side_stood_first_and_says_who_wrote_the_sides()
    {
        var imported = await Import(null, [.. Enumerable.Range(0, 60).SelectMany(i => new[] { Line(i, "ann", "a_much"), Line(i, "bob", "b", swapped: true), Line(i, "cem", "both_bad") })]);
        var preferences = await _run.Completes("BuildPreferences", new() { ["comparisons"] = $"{imported.Comparisons}", ["judgements"] = $"{imported.Judgements}" });

        var pairs = await _run.Artifacts.ReadPairsAsync(ArtifactRef.Parse(preferences["preferences"]!.GetValue<string>()), Token);
        Assert.Equal((60, 180), (pairs.Count, imported.Pairs));
        Assert.All(pairs, p => Assert.Equal((true, "large", "small"), (p.Chosen.StartsWith("Good", StringComparison.Ordinal), p.ChosenSource, p.RejectedSource)));
        Assert.All(pairs, p => Assert.Equal((2.5 / 3, 5.0 / 9), (p.Probability, p.Margin)));
        Assert.All(pairs, p => Assert.Equal(2.0 / 3, p.Agreement));
    }

    [Fact]
    public async Task What_is_said_of_a_side_alone_stays_with_its_text_whichever_side_it_stood_on()
    {
        var imported = await Import(
            null, Line(1, "ann", "a", more: [("safe_a", "safe"), ("safe_b", "unsafe")]), Line(1, "bob", "b", swapped: true, ("safe_a", "unsafe"), ("safe_b", "safe")), Line(1, "cem", "a"));

        var judgements = await Judgements(imported);
        Assert.Equal([(Safety.Safe, Safety.Unsafe), (Safety.Safe, Safety.Unsafe), (null, null)], judgements.Select(j => j.Side == Side.A ? (j.SafeA, j.SafeB) : (j.SafeB, j.SafeA)));
    }

    [Fact]
    public async Task A_judgement_keeps_its_labeler_its_kind_both_bad_the_side_shown_first_and_the_guidelines()
    {
        var imported = await Import(
            null, Line(1, "ann", "a", false, ("seconds", 2.5), ("shown_first", "a"), ("guidelines", "v2")), Line(1, "robot", "b_slight", true, ("labeler_kind", "judge"), ("shown_first", "b")),
            Line(1, "sim", "both_bad", false, ("labeler_kind", "simulated")));

        var comparison = Assert.Single(await _run.Artifacts.ReadLinesAsync<Comparison>(imported.Comparisons, "comparisons.jsonl", Token));
        var good = comparison.A.Text == "Good 1" ? Side.A : Side.B;
        Assert.Equal(
            [
                new(comparison.Id, "ann", good, 2, 2.5, false) { Kind = LabelerKind.Person, ShownFirst = good, Guidelines = "v2" },
                new(comparison.Id, "robot", good, 1, null, false) { Kind = LabelerKind.Judge, ShownFirst = good },
                new(comparison.Id, "sim", Side.Tie, 0, null, true) { Kind = LabelerKind.Simulated, BothBad = true },
            ],
            await Judgements(imported));
    }

    [Fact]
    public async Task Repeats_are_dropped_second_answers_kept_and_identical_completions_say_nothing()
    {
        var same = Line(2, "ann", "tie", false, ("completion_a", "same"), ("completion_b", "same"));

        var imported = await Import(null, Line(1, "ann", "a"), Line(1, "ann", "a"), Line(1, "ann", "tie"), same);

        Assert.Equal((2, 1, 1, 1), (imported.Pairs, imported.Counts.Repeated, imported.Counts.SelfRepeated, imported.Counts.Identical));
    }

    [Fact]
    public async Task Axes_are_never_mixed()
    {
        JsonObject[] lines = [Line(1, "ann", "a", false, ("axis", "safety")), Line(1, "ann", "b", false, ("axis", "helpfulness"))];

        Assert.Contains("the axes helpfulness, safety, which are never mixed", (await Assert.ThrowsAsync<ArgumentException>(() => Import(null, lines))).Message, StringComparison.Ordinal);
        Assert.Contains("no judgement by 'style'; expected helpfulness or safety", (await Assert.ThrowsAsync<ArgumentException>(() => Import("style", lines))).Message, StringComparison.Ordinal);
        Assert.Empty(await _run.Artifacts.ListAsync(Token));
        Assert.Equal(1, (await Import("safety", lines)).Pairs);
    }

    [Fact]
    public async Task Judgements_of_earlier_versions_are_read()
    {
        var artifact = await _run.Put("judgements", ("judgements.jsonl", """{"comparisonId":"c","labeler":"simulated-1","seconds":3.5,"side":"a","simulated":true,"strength":2}"""));

        Assert.Equal(new Judgement("c", "simulated-1", Side.A, 2, 3.5, true), Assert.Single(await _run.Artifacts.ReadLinesAsync<Judgement>(artifact, "judgements.jsonl", Token)));
    }
}
