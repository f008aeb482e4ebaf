using Rlhf.Learning.Evaluation;

namespace Rlhf.Learning.Tests.Evaluation;

public sealed class TextDiversityTests
{
    static IReadOnlyList<string>[] Texts(params string[] texts) => [.. texts.Select(t => (IReadOnlyList<string>)t.Split(' ', StringSplitOptions.RemoveEmptyEntries))];

    [Fact]
    public void Distinct_n_is_the_share_of_different_sequences_over_all_texts_together()
    {
        var texts = Texts("a b a b", "b a c");

        Assert.Equal(3.0 / 7, TextDiversity.Distinct(texts, 1)); // a b c
        Assert.Equal(3.0 / 5, TextDiversity.Distinct(texts, 2)); // ab ba ac, of ab ba ab ba ac
        Assert.Equal(1.0, TextDiversity.Distinct(texts, 4));
        Assert.Null(TextDiversity.Distinct(texts, 5));
        Assert.Null(TextDiversity.Distinct(Texts("", ""), 1));
    }

    [Theory]
    [InlineData("a b c d e", "a b c d f", .668740)] // precisions 4/5, 3/4, 2/3, 1/2, both ways
    [InlineData("a b c d", "a b c d e f", .557332)] // precision 1 at brevity exp(1 − 6/4), and 4/6, 3/5, 2/4, 1/3
    [InlineData("a b", "a c", .149535)] // precision 1/2, and three smoothed to 0.1
    [InlineData("a b c d", "a b c d", 1)]
    [InlineData("a b c d", "e f g h", 0)]
    [InlineData("a a a a a", "a b c d e", .053728)] // one a of five counts, either way: 1/5, 0.1/4, 0.1/3, 0.1/2
    public void Self_bleu_of_two_texts_is_the_mean_of_their_bleus(string one, string other, double expected) =>
        Assert.Equal(expected, TextDiversity.SelfBleu(Texts(one, other))!.Value, 1e-6);

    [Fact]
    public void A_sequence_counts_as_often_as_in_the_one_other_text_that_has_it_most()
    {
        // The nearest other text is never longer, so brevity takes nothing.
        var first = Math.Pow(2.0 / 3 * (1.0 / 2) * .1 * .1, .25); // a a a: a at most twice in one other text, a a once
        var second = Math.Pow(4.0 / 4 * (2.0 / 3) * (.1 / 2) * .1, .25); // a a b b: a a by the first, b b by the third, a b by none
        var third = Math.Pow(3.0 / 3 * (1.0 / 2) * .1 * .1, .25); // b b a: b b, and not b a

        Assert.Equal((first + second + third) / 3, TextDiversity.SelfBleu(Texts("a a a", "a a b b", "b b a"))!.Value, 1e-12);
    }

    [Fact]
    public void Texts_without_words_are_left_out_and_one_text_has_no_self_bleu()
    {
        Assert.Equal(1, TextDiversity.SelfBleu(Texts("a b c d", "", "a b c d")));
        Assert.Null(TextDiversity.SelfBleu(Texts("a b c d", "")));
    }
}
