using Rlhf.Simulation.Gold;
using Rlhf.Steps.Data;

namespace Rlhf.Simulation.Tests.Gold;

public sealed class GoldPreferenceTests
{
    const string Lost = "Mia was in the park. She lost a red kite.";

    static GoldProperties Of(string prompt, string completion) => GoldPreference.Properties(Turn.User(prompt), completion);

    [Theory]
    [InlineData(Lost, "She was sad. She went home.", 1)]
    [InlineData(Lost, "He was sad. He went home.", 0)]
    [InlineData(Lost, "She was sad. He went home.", 0.5)]
    [InlineData(Lost, "It was late.", 0.5)]
    [InlineData("Tom broke his cup.", "She was sad.", 0)]
    [InlineData("Tom broke his cup.", "His mom came. She was kind.", 1)]
    [InlineData("Tom broke his cup.", "Leo ran. A friend saw him.", 1)]
    [InlineData("Once there was a little car.", "It was fast and he was red.", 1)]
    [InlineData("Once there was a little car.", "He was fast. Then she was red.", 0.5)]
    [InlineData("Ben and Mia were in the park.", "He ran and she ran.", 0.5)]
    public void Pronouns_agree_with_the_protagonist(string prompt, string completion, double expected) =>
        Assert.Equal(expected, Of(prompt, completion).Pronouns, 9);

    [Theory]
    [InlineData(Lost, "Mia was sad. Then Mia went home.", 1)]
    [InlineData(Lost, "Mia was sad. Then Tom went home.", 0.5)]
    [InlineData(Lost, "Tom was sad.", 0)]
    [InlineData(Lost, "She met a boy named Tom. Tom was kind.", 1)]
    [InlineData(Lost, "She met Grompf.", 0)]
    [InlineData(Lost, "She was sad.", 0.5)]
    [InlineData("Once there was a little girl.", "Lily liked to run. Lily ran.", 1)]
    [InlineData("Once there was a little girl.", "Lily liked to run. Sue ran.", 0.5)]
    public void The_same_characters_stay(string prompt, string completion, double expected) =>
        Assert.Equal(expected, Of(prompt, completion).Characters, 9);

    [Theory]
    [InlineData(Lost, "A friend found the red kite.", 1)]
    [InlineData(Lost, "A friend found it.", 0.9)]
    [InlineData(Lost, "A friend found the cup.", 0.6)]
    [InlineData(Lost, "A friend fixed the red kite.", 0)]
    [InlineData(Lost, "A friend never found the kite.", 0)]
    [InlineData(Lost, "The kite was red.", 0)]
    [InlineData("Tom broke his blue cup.", "Then a friend fixed the cup.", 1)]
    [InlineData("Tom broke his blue cup.", "Then a friend found the cup.", 0)]
    [InlineData("Ana met a hungry cat near the river.", "She fed the cat.", 1)]
    [InlineData("Ana met a hungry cat near the river.", "She washed the cat.", 0)]
    [InlineData("Once there was a boy who was very sick.", "The doctor came.", 1)]
    [InlineData("Sue and Mike were in the park.", "They found a ball.", 0.5)]
    public void The_opened_event_is_resolved(string prompt, string completion, double expected) =>
        Assert.Equal(expected, Of(prompt, completion).Resolution, 9);

    [Theory]
    [InlineData("She was sad. A friend found the kite. She smiled.", 1)]
    [InlineData("She smiled. A friend found the kite. She was sad.", 0)]
    [InlineData("She smiled. She was sad. A friend found the kite.", 1 / 3.0)]
    [InlineData("She was not sad. The sun was warm.", 0.5)]
    [InlineData("She saw a dog. The dog ran.", 1)]
    [InlineData("The dog ran. She saw a dog.", 0)]
    [InlineData("She liked the sea. Suddenly it rained. Finally she slept.", 1)]
    [InlineData("Finally she slept. Suddenly it rained. She liked the sea.", 0)]
    public void Trouble_comes_before_help_and_help_before_joy(string completion, double expected) =>
        Assert.Equal(expected, Of(Lost, completion).Order, 9);

    [Theory]
    [InlineData("She was sad. She smiled and was happy.", 1)]
    [InlineData("She was sad. She was happy.", 0.8)]
    [InlineData("She was happy. Then it was late.", 0.4)]
    [InlineData("She was happy. She was sad.", 0)]
    [InlineData("She was sad. She was not happy.", 0)]
    [InlineData("She was happy. She wa", 0.8)]
    public void The_ending_is_happy(string completion, double expected) => Assert.Equal(expected, Of(Lost, completion).HappyEnding, 9);

    [Theory]
    [InlineData("She was sad. She went home.", 1)]
    [InlineData("She was sad. She went", 1 / 3.0)]
    [InlineData("She was sad. But then the. She went home.", 0.75)]
    [InlineData("She was sad and", 0)]
    public void Sentences_are_whole(string completion, double expected) => Assert.Equal(expected, Of(Lost, completion).Sentences, 9);

    [Fact]
    public void Repetition_counts_against_a_text()
    {
        var varied = Of(Lost, "She was sad. She went home to eat.").NoRepetition;
        var repeated = Of(Lost, "She was sad. She was sad.").NoRepetition;
        var endless = Of(Lost, "She was sad. She was sad. She was sad. She was sad.").NoRepetition;

        Assert.Equal(1, varied);
        Assert.InRange(repeated, 0.2, 0.5);
        Assert.InRange(endless, 0, 0.1);
    }

    [Fact]
    public void An_empty_completion_is_worth_nothing()
    {
        Assert.Equal(0, GoldPreference.Score(Turn.User(Lost), ""));
        Assert.Equal(0, GoldPreference.Score(Turn.User(Lost), " . . ."));
    }

    [Fact]
    public void The_best_story_scores_one_and_the_score_is_the_weighted_sum()
    {
        var gold = Of(Lost, " Mia was sad and began to cry. A friend found the red kite. She smiled and was happy.");

        Assert.Equal(1, gold.Score, 9);
        Assert.Equal(
            1, GoldProperties.Weights.Pronouns + GoldProperties.Weights.Characters + GoldProperties.Weights.Resolution + GoldProperties.Weights.Order
            + GoldProperties.Weights.HappyEnding + GoldProperties.Weights.Sentences + GoldProperties.Weights.NoRepetition, 9);
    }

    [Fact]
    public void Texts_of_any_kind_score_between_zero_and_one()
    {
        string[] texts = ["???", "日本語のテキスト。", "a", "It's “Lily’s” dog, isn't it", new string('x', 5000), "1 2 3.", "She'd gone\n\nhome\u0000"];

        Assert.All(texts, text => Assert.InRange(GoldPreference.Score(Turn.User(text), text), 0, 1));
    }

    [Fact]
    public void Every_turn_of_the_prompt_counts()
    {
        IReadOnlyList<Turn> prompt = [new("user", "Tell me of Mia."), new("assistant", "Who?"), new("user", "She lost a kite.")];

        Assert.Equal(1, GoldPreference.Properties(prompt, "A friend found the kite.").Resolution);
    }
}
