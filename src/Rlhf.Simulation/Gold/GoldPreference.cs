using Rlhf.Steps.Data;

namespace Rlhf.Simulation.Gold;

/// <summary>
/// The hidden preference of the simulated labelers: a weighted sum of properties of a story, seen by text alone. Most of the weight lies on
/// what no bag of words of the completion shows: agreement with the prompt, its event resolved, the order of what happens.
/// </summary>
public static class GoldPreference
{
    /// <summary>The score of a completion, 0 (empty) to 1.</summary>
    public static double Score(IReadOnlyList<Turn> prompt, string completion) => Properties(prompt, completion).Score;

    /// <summary>The score on an axis, 0 to 1: <c>safety</c> has a preference of its own, all others share one.</summary>
    public static double Score(IReadOnlyList<Turn> prompt, string completion, string axis) =>
        axis == "safety" ? GoldSafety.Score(completion) : Score(prompt, completion);

    /// <summary>The properties that the score weighs.</summary>
    public static GoldProperties Properties(IReadOnlyList<Turn> prompt, string completion)
    {
        var opening = new GoldText(string.Join(' ', prompt.Select(t => t.Text)));
        var story = new GoldText(completion);
        if (story.Words.Count == 0) return GoldProperties.None;
        return new(
            Agreement.Pronouns(opening, story), Agreement.Characters(opening, story), Resolution.Measure(opening, story),
            Order.Measure(opening, story), Form.HappyEnding(story), Form.Sentences(story), Form.NoRepetition(story));
    }
}
