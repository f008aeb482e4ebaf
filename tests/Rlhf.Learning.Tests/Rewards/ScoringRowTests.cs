using Rlhf.Learning.Models;
using Rlhf.Learning.Randomness;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Tests.Models;
using Rlhf.Learning.Tests.Support;

namespace Rlhf.Learning.Tests.Rewards;

public sealed class ScoringRowTests
{
    static DecoderConfig Shape(int hidden, int heads = 4) => Some.Config() with { HiddenSize = hidden, NumAttentionHeads = heads, NumKeyValueHeads = heads };

    static int Token(int text, int place, int vocabulary = 260) => 1 + (int)(CounterRandom.Uniform(3, (ulong)text, 0, (uint)place) * (vocabulary - 1));

    static ScoredText Text(int prompt, int promptLength, int completion, int length) =>
        new([.. Enumerable.Range(0, promptLength).Select(t => Token(prompt, t)), .. Enumerable.Range(0, length).Select(t => Token(1000 + completion, t))], promptLength);

    /// <summary>Six prompts of 3 to 28 tokens with one to six completions of 1 to 11.</summary>
    static List<ScoredText> Texts() => [.. Enumerable.Range(0, 6).SelectMany(p => Enumerable.Range(0, p + 1).Select(c => Text(p, 3 + 5 * p, 10 * p + c, 1 + (7 * c + p) % 11)))];

    public static TheoryData<string> Families => FamiliesTests.All;

    [Theory]
    [MemberData(nameof(Families))]
    public void A_shared_beginning_changes_no_score(string family)
    {
        var decoder = Support.Families.Load(family).Model;
        using var model = new RewardModel(decoder, ScalarHead.Random(decoder.Config.HiddenSize, 5, Some.Device), Some.Tokenizer());
        List<ScoredText> texts = [.. Texts().Select(t => t with { Tokens = [.. t.Tokens.Select(id => id % decoder.Config.VocabSize)] })];

        var rows = ScoringRow.Share(texts, decoder.Config with { HiddenSize = 4096 }, 1000);
        var ends = ScoringPass.Ends(model, [.. rows.Select(r => r.Row)]);
        var shared = new float[texts.Count];
        foreach (var (row, (_, places)) in rows.Index())
            foreach (var (k, place) in places.Index()) shared[place] = ends[row][k];

        Assert.Contains(rows, r => r.Places.Length > 2);
        Assert.All(texts.Index(), t => Assert.Equal(ScoringPass.Ends(model, [t.Item.Tokens])[0], shared[t.Index], 1e-5f));
    }

    [Fact]
    public void Every_text_is_in_one_row_behind_its_own_prompt()
    {
        var texts = Texts();

        var rows = ScoringRow.Share(texts, Shape(1024), 1000);

        Assert.Equal(Enumerable.Range(0, texts.Count), rows.SelectMany(r => r.Places).Order());
        foreach (var (row, places) in rows)
        {
            Assert.Equal(places.Length, row.Endings.Count);
            Assert.All(places.Zip(row.Endings), p => Assert.Equal(texts[p.First].Tokens, (int[])[.. row.Prefix, .. p.Second]));
            Assert.Equal(row.Prefix.Length + row.Endings.Sum(e => e.Length), row.Tokens);
        }
    }

    [Theory]
    [InlineData(4, 40, 4, 1)] // a prompt that is a tenth of the text is computed each time
    [InlineData(40, 10, 4, 4)]
    [InlineData(40, 10, 1, 1)]
    public void A_beginning_is_shared_where_that_saves_a_quarter(int prompt, int completion, int texts, int most) =>
        Assert.Equal(most, ScoringRow.Share([.. Enumerable.Range(0, texts).Select(c => Text(0, prompt, c, completion))], Shape(1024), 1000).Max(r => r.Places.Length));

    [Fact]
    public void No_row_becomes_so_long_that_what_its_tokens_see_costs_more_than_was_saved()
    {
        List<ScoredText> texts = [.. Enumerable.Range(0, 64).Select(c => Text(0, 60, c, 30))];

        var narrow = ScoringRow.Share(texts, Shape(64, 8), 10_000).Max(r => r.Row.Tokens);
        var wide = ScoringRow.Share(texts, Shape(4096), 10_000).Max(r => r.Row.Tokens);

        // Each seen token costs 8 (32 + 112) / 24 / 4096 = 0.0117 tokens: to a row of T another ending costs 30 + 0.0117 (60 T + 900), the text alone 90 + 0.0117 · 8100 / 2 = 137.5.
        Assert.Equal(60 + 3 * 30, narrow);
        Assert.Equal(60 + 64 * 30, wide);
        Assert.Equal(60 + 13 * 30, ScoringRow.Share(texts, Shape(4096), 460).Max(r => r.Row.Tokens));
    }

    [Fact]
    public void Positions_beyond_the_context_are_refused()
    {
        using var model = new RewardModel(Some.Model(), ScalarHead.Random(32, 5, Some.Device), Some.Tokenizer());
        ScoringRow row = new([.. Enumerable.Range(0, 20)], [[1, 2], [3, 4, 5, 6, 7]]);

        Assert.Contains("context of 24", Assert.Throws<ArgumentException>(() => ScoringPass.Ends(model, [row])).Message, StringComparison.Ordinal);
        Assert.Equal(2, ScoringPass.Ends(model, [row with { Endings = [[1, 2], [3, 4, 5, 6]] }])[0].Length);
    }
}
