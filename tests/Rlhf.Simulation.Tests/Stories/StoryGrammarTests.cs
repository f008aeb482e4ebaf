using Rlhf.Simulation.Gold;
using Rlhf.Simulation.Stories;
using Rlhf.Steps.Data;

namespace Rlhf.Simulation.Tests.Stories;

public sealed class StoryGrammarTests
{
    static readonly StoryGrammar Grammar = new();

    [Fact]
    public void The_same_seed_tells_the_same_stories()
    {
        var first = Grammar.Texts(seed: 1, count: 50).ToList();

        Assert.Equal(first, Grammar.Texts(seed: 1, count: 50));
        Assert.Equal(first.Take(20), Grammar.Texts(seed: 1, count: 20));
        Assert.NotEqual(first, Grammar.Texts(seed: 2, count: 50));
    }

    [Fact]
    public void The_same_seed_gives_the_same_prompts()
    {
        Assert.Equal(Grammar.Prompts(seed: 1, count: 50), Grammar.Prompts(seed: 1, count: 50));
        Assert.NotEqual(Grammar.Prompts(seed: 1, count: 50), Grammar.Prompts(seed: 2, count: 50));
    }

    [Fact]
    public void Prompts_are_distinct()
    {
        var prompts = Grammar.Prompts(seed: 3, count: 20_000).ToList();

        Assert.Equal(20_000, prompts.Distinct().Count());
    }

    [Fact]
    public void More_prompts_than_there_are_is_an_error_that_says_how_many_there_are()
    {
        var error = Assert.Throws<ArgumentException>(() => Grammar.Prompts(1, Opening.Count + 1));

        Assert.Contains($"at most {Opening.Count}", error.Message);
    }

    [Fact]
    public void A_text_is_a_prompt_and_how_it_goes_on()
    {
        var prompts = Enumerable.Range(0, 200).Select(i => Opening.Draw(new Draws(4, "text", $"{i}")).Text);

        Assert.All(Grammar.Texts(seed: 4, count: 200).Zip(prompts), t => Assert.StartsWith(t.Second + " ", t.First));
    }

    [Fact]
    public void A_text_stays_within_seventy_words() =>
        Assert.All(Grammar.Texts(seed: 5, count: 5000), text => Assert.InRange(text.Split(' ').Length, 20, 70));

    [Fact]
    public void The_gold_preference_knows_every_name_and_thing_of_the_grammar()
    {
        Assert.All(StoryWords.Protagonists, p => Assert.True(
            GoldLexicon.Of(p.Name.ToLowerInvariant()).Roles.HasFlag(WordRole.Name | (p.Female ? WordRole.Female : WordRole.Male))));
        Assert.All(StoryWords.Things.Concat(StoryWords.Animals), t => Assert.True(GoldLexicon.Of(t).Is(WordRole.Thing)));
        Assert.All(StoryWords.Events.SelectMany(e => e.Acts), act => Assert.NotEqual(StoryEvents.None, GoldLexicon.Of(act).Resolves));
    }

    [Fact]
    public void Every_event_of_the_grammar_is_resolved_by_its_own_acts_alone()
    {
        var draws = new Draws(6, "openings");
        foreach (var opening in Enumerable.Range(0, 500).Select(_ => Opening.Draw(draws)))
        {
            foreach (var act in StoryWords.Events.SelectMany(e => e.Acts))
            {
                var gold = GoldPreference.Properties(Turn.User(opening.Text), $"A friend {act} the {opening.Thing}.");

                Assert.Equal(opening.Event.Acts.Contains(act) ? 1 : 0, gold.Resolution);
            }
        }
    }

    [Theory]
    [InlineData(nameof(GoldProperties.Pronouns))]
    [InlineData(nameof(GoldProperties.Characters))]
    [InlineData(nameof(GoldProperties.Resolution))]
    [InlineData(nameof(GoldProperties.Order))]
    [InlineData(nameof(GoldProperties.HappyEnding))]
    public void A_quality_holds_in_some_texts_and_fails_in_others(string property)
    {
        var values = Some.Questions(1000).Select(q => GoldPreference.Properties(q.Prompt, q.A))
            .Select(p => (double)typeof(GoldProperties).GetProperty(property)!.GetValue(p)!).ToList();

        Assert.InRange(values.Average(), 0.35, 0.75);
        Assert.InRange(values.Count(v => v > 0.7) / 1000.0, 0.2, 0.8);
    }

    [Fact]
    public void Two_continuations_hardly_ever_have_the_same_gold()
    {
        var ties = Some.Questions(1000).Count(q => GoldPreference.Score(q.Prompt, q.A) == GoldPreference.Score(q.Prompt, q.B));

        Assert.InRange(ties, 0, 100);
    }
}
