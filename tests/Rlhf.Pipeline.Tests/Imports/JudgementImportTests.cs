using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Pipeline.Imports;
using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Tests.Imports;

/// <summary>Files of chosen and rejected texts become prompts, comparisons and judgements.</summary>
public sealed class JudgementImportTests : IDisposable
{
    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    async Task<ImportedJudgements> Import(string name, params string[] lines)
    {
        var file = Path.Combine(_run.Folder, name);
        var bytes = Encoding.UTF8.GetBytes(string.Join('\n', lines));
        await using (var stream = File.Create(file))
        {
            if (name.EndsWith(".gz", StringComparison.Ordinal))
            {
                await using var zip = new GZipStream(stream, CompressionMode.Compress);
                await zip.WriteAsync(bytes, Token);
            }
            else
            {
                await stream.WriteAsync(bytes, Token);
            }
        }
        return await JudgementImport.RunAsync(_run.Artifacts, file, "people", "helpfulness", Token);
    }

    async Task<(List<Prompt> Prompts, List<Comparison> Comparisons, List<Judgement> Judgements)> Read(ImportedJudgements imported) => (
        await _run.Artifacts.ReadPromptsAsync(imported.Prompts, Token),
        await _run.Artifacts.ReadLinesAsync<Comparison>(imported.Comparisons, "comparisons.jsonl", Token),
        await _run.Artifacts.ReadLinesAsync<Judgement>(imported.Judgements, "judgements.jsonl", Token));

    static string Line(JsonNode chosen, JsonNode rejected, JsonNode? prompt = null)
    {
        var line = new JsonObject { ["chosen"] = chosen, ["rejected"] = rejected, ["margin"] = 1.5 };
        if (prompt is not null) line["prompt"] = prompt;
        return line.ToJsonString();
    }

    static JsonArray Messages(params (string Role, string Text)[] turns) => [.. turns.Select(t => new JsonObject { ["role"] = t.Role, ["content"] = t.Text })];

    static string Line(ChosenRejected? pair) => pair is null ? "" : $"{string.Join(" | ", pair.Prompt.Select(t => $"{t.Role}: {t.Text}"))} => {pair.Chosen} > {pair.Rejected}";

    [Fact]
    public void Every_form_of_the_Hub_gives_turns_and_two_answers()
    {
        var hh = Line("\n\nHuman: Hi  there\n\nAssistant: Hello.\n\nHuman: Why?\n\nAssistant: Since\nit is.", "\n\nHuman: Hi there\n\nAssistant: Hello.\n\nHuman: Why?\n\nAssistant:");
        var open = Line(" Yes.", " No.", "\n\nHuman: Is it?\n\nAssistant:");
        var plain = Line("blue.", "green.", "The sky is");
        var messages = Line(Messages(("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello")), Messages(("system", "Be kind."), ("user", "Hi"), ("assistant", "What")));
        var repeated = Line(Messages(("user", "Hi"), ("assistant", "Hello")), Messages(("user", "Hi"), ("assistant", "What")), "Hi");
        var apart = Line(Messages(("assistant", "Hello")), Messages(("assistant", "What")), Messages(("user", "Hi")));

        Assert.Equal("user: Hi there | assistant: Hello. | user: Why? => Since\nit is. > ", Line(ChosenRejectedLine.Read(hh)));
        Assert.Equal("user: Is it? => Yes. > No.", Line(ChosenRejectedLine.Read(open)));
        Assert.Equal("user: The sky is => blue. > green.", Line(ChosenRejectedLine.Read(plain)));
        Assert.Equal("system: Be kind. | user: Hi => Hello > What", Line(ChosenRejectedLine.Read(messages)));
        Assert.Equal("user: Hi => Hello > What", Line(ChosenRejectedLine.Read(repeated)));
        Assert.Equal("user: Hi => Hello > What", Line(ChosenRejectedLine.Read(apart)));
    }

    [Fact]
    public void Turns_that_an_answer_makes_up_belong_to_the_answer_and_other_turns_are_no_pair()
    {
        var madeUp = Line("\n\nHuman: Hi\n\nAssistant: Hello.", "\n\nHuman: Hi\n\nAssistant: What?\n\nHuman: Nothing.");
        var others = Line("\n\nHuman: Hi\n\nAssistant: Hello.", "\n\nHuman: Ho\n\nAssistant: Hello.");

        Assert.Equal("user: Hi => Hello. > What?\n\nHuman: Nothing.", Line(ChosenRejectedLine.Read(madeUp)));
        Assert.Null(ChosenRejectedLine.Read(others));
    }

    [Theory]
    [InlineData("chosen-rejected.jsonl")]
    [InlineData("chosen-rejected.jsonl.gz")]
    public async Task BuildPreferences_takes_what_was_imported_and_chooses_the_chosen_side_of_every_pair(string name)
    {
        var imported = await Import(name, [.. Enumerable.Range(0, 60).Select(i => Line($"Good {i}", $"Bad {i}", $"Question number {i}?"))]);
        var preferences = await _run.Completes("BuildPreferences", new() { ["comparisons"] = $"{imported.Comparisons}", ["judgements"] = $"{imported.Judgements}" });

        var pairs = await _run.Artifacts.ReadPairsAsync(ArtifactRef.Parse(preferences["preferences"]!.GetValue<string>()), Token);
        var (prompts, comparisons, judgements) = await Read(imported);
        Assert.Equal(60, pairs.Count);
        Assert.All(pairs, p => Assert.Equal(
            (p.Prompt[0].Text.Replace("Question number", "Good", StringComparison.Ordinal).TrimEnd('?'), p.Prompt[0].Text.Replace("Question number", "Bad", StringComparison.Ordinal).TrimEnd('?')),
            (p.Chosen, p.Rejected)));
        Assert.All(pairs, p => Assert.Equal((imported.File.Short, 1.0), (p.ChosenSource, p.Probability)));
        Assert.InRange(judgements.Count(j => j.Side == Side.A), 15, 45);
        Assert.All(judgements, j => Assert.Equal(("people", 2, false), (j.Labeler, j.Strength, j.Simulated)));
        Assert.Equal(prompts.ToDictionary(p => p.Id, p => p.HeldOut ? "heldOut" : "training"), comparisons.ToDictionary(c => c.PromptId, c => c.Purpose));
        Assert.Equal((60, 60, prompts.Count(p => p.HeldOut)), (imported.Pairs, imported.Counts.Prompts, imported.Counts.HeldOut));
    }

    [Fact]
    public async Task Prompts_are_those_that_PreparePrompts_makes_of_the_same_texts()
    {
        var questions = Enumerable.Range(0, 40).Select(i => $"Question  number {i}?").ToList();
        var imported = await Import("pairs.jsonl", [.. questions.Select(q => Line("Yes", "No", q))]);
        var text = await _run.Put("text", ("prompts.txt", string.Join('\n', questions)));

        var prepared = await _run.Completes("PreparePrompts", new() { ["source"] = $"{text}", ["seed"] = 0 });

        var expected = await _run.Artifacts.ReadPromptsAsync(ArtifactRef.Parse(prepared["prompts"]!.GetValue<string>()), Token);
        Assert.Equal(expected.Select(p => (p.Id, p.Turns[0], p.HeldOut)), (await Read(imported)).Prompts.Select(p => (p.Id, p.Turns[0], p.HeldOut)));
    }

    [Fact]
    public async Task Identical_repeated_and_unpaired_lines_are_dropped_and_counted_and_the_opposite_is_a_second_judgement()
    {
        var imported = await Import(
            "pairs.jsonl", Line("a", "b", "P"), Line("a", "b", "P"), Line("b", "a", "P"), Line("a", "c", "P"), "", Line("a", "a", "P"),
            Line(Messages(("user", "Hi"), ("assistant", "x")), Messages(("user", "Ho"), ("assistant", "y"))));

        var (prompts, comparisons, judgements) = await Read(imported);
        Assert.Equal(new ImportCounts(Identical: 1, Unpaired: 1, Repeated: 1, Prompts: 1, prompts.Count(p => p.HeldOut), MostTurns: 1), imported.Counts);
        Assert.Equal((3, 2, 3), (imported.Pairs, comparisons.Count, judgements.Count));
        Assert.Equal(2, judgements.Where(j => j.ComparisonId == comparisons[0].Id).Select(j => j.Side).Distinct().Count());
    }

    [Theory]
    [InlineData("[1]", "an object")]
    [InlineData("{", "no JSON")]
    [InlineData("""{"chosen":"a"}""", "'rejected' is missing; it has 'chosen'")]
    [InlineData("""{"chosen":1,"rejected":2}""", "'chosen' is a number")]
    [InlineData("""{"chosen":"a","rejected":[]}""", "'rejected' is a list")]
    [InlineData("""{"chosen":"a","rejected":"b"}""", "there is no 'prompt'")]
    [InlineData("""{"chosen":"a","rejected":"b","prompt":" "}""", "'prompt' is empty")]
    [InlineData("""{"chosen":"a","rejected":"b","prompt":3}""", "'prompt' is a number")]
    [InlineData("""{"chosen":[],"rejected":[]}""", "'chosen' is an empty list")]
    [InlineData("""{"chosen":[{"role":"bot","content":""}],"rejected":[{"role":"bot","content":""}]}""", "'role' in message 1 of 'chosen' is 'bot'; expected user, assistant, system")]
    [InlineData("""{"chosen":[{"role":"assistant","content":null}],"rejected":[{"role":"assistant","content":""}]}""", "'content' in message 1 of 'chosen' is null")]
    [InlineData("""{"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}""", "nothing before the answer")]
    [InlineData("""{"chosen":"\ud800","rejected":"b","prompt":"P"}""", "surrogate")]
    public async Task A_broken_line_is_named_with_its_number_and_nothing_is_stored(string line, string sentence)
    {
        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => Import("pairs.jsonl", Line("a", "b", "P"), line));

        Assert.StartsWith("'pairs.jsonl', line 2: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
        Assert.Empty(await _run.Artifacts.ListAsync(Token));
    }

    [Fact]
    public async Task A_file_of_another_ending_is_wrong_usage_and_one_without_pairs_is_refused()
    {
        Assert.Contains(".jsonl.gz", (await Assert.ThrowsAsync<ArgumentException>(() => Import("pairs.csv", "a,b"))).Message, StringComparison.Ordinal);
        Assert.Contains("1 identical", (await Assert.ThrowsAsync<InvalidDataException>(() => Import("pairs.jsonl", Line("a", "a", "P")))).Message, StringComparison.Ordinal);
    }
}
