using Rlhf.Learning.Models;
using Rlhf.Learning.Randomness;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Tests.Support;

namespace Rlhf.Learning.Tests.Rewards;

public sealed class ScoringTileTests
{
    static readonly DecoderConfig Shape = Some.Config() with { MaxPositionEmbeddings = 128 };

    static RewardModel Model() => new(Some.Model(Shape), ScalarHead.Random(Shape.HiddenSize, 5, Some.Device), Some.Tokenizer());

    static List<ScoredText> Texts(int count, ulong seed) => [.. Enumerable.Range(0, count).Select(i =>
    {
        var length = 2 + (int)(CounterRandom.Uniform(seed, (ulong)i, 0, 0) * 126);
        return new ScoredText([.. Enumerable.Range(0, length).Select(t => (int)(CounterRandom.Uniform(seed, (ulong)i, 1, (uint)t) * 270))], 1);
    })];

    [Theory]
    [InlineData(128, 2)]
    [InlineData(128, 4)]
    [InlineData(100, 2)] // a context that no usual block divides
    [InlineData(77, 2)]
    public void In_tiles_a_text_has_the_same_bits_alone_and_among_others_in_any_order(int context, int heads)
    {
        var shape = Shape with { MaxPositionEmbeddings = context, NumAttentionHeads = heads };
        using var model = new RewardModel(Some.Model(shape), ScalarHead.Random(shape.HiddenSize, 5, Some.Device), Some.Tokenizer());
        var texts = Texts(200, seed: 1).Select(t => t with { Tokens = t.Tokens[..Math.Min(context, t.Tokens.Length)] }).ToList();

        var together = model.ScoreInTiles(texts, TestContext.Current.CancellationToken);
        var alone = texts.Select(t => model.ScoreInTiles([t], TestContext.Current.CancellationToken)[0]).ToArray();
        var order = Enumerable.Range(0, texts.Count).OrderBy(i => CounterRandom.Uniform(9, (ulong)i, 0, 0)).ToArray();
        var shuffled = model.ScoreInTiles([.. order.Select(i => texts[i])], TestContext.Current.CancellationToken);

        Assert.Equal(alone, together);
        Assert.Equal(order.Select(i => alone[i]), shuffled);
    }

    [Fact]
    public void Scores_in_tiles_are_the_scores()
    {
        using var model = Model();
        var texts = Texts(60, seed: 2);

        var expected = model.Score(texts, 16, TestContext.Current.CancellationToken);

        Assert.All(model.ScoreInTiles(texts, TestContext.Current.CancellationToken).Zip(expected), p => Assert.Equal(p.Second, p.First, 1e-5f));
    }

    [Theory]
    [InlineData(1, 1000, 32, 16)]
    [InlineData(16, 1000, 32, 16)]
    [InlineData(17, 1000, 16, 24)]
    [InlineData(25, 1000, 16, 32)]
    [InlineData(33, 1000, 8, 48)]
    [InlineData(49, 1000, 8, 64)]
    [InlineData(600, 1000, 1, 768)]
    [InlineData(70, 80, 4, 80)]
    public void A_tile_follows_from_the_length(int length, int context, int rows, int row) => Assert.Equal(new ScoringTile(rows, row), ScoringTile.Of(length, context));

    [Fact]
    public void A_text_longer_than_the_context_has_no_tile() =>
        Assert.Contains("101 tokens", Assert.Throws<InvalidDataException>(() => ScoringTile.Of(101, 100)).Message, StringComparison.Ordinal);
}
