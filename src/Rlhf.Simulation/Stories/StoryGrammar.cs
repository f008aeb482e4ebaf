using System.Globalization;
using Rlhf.Steps.Data;

namespace Rlhf.Simulation.Stories;

/// <summary>
/// Short stories in plain simple English. A prompt names a protagonist and opens an event about an object; the continuation has a trouble,
/// an act, a thanks and a close, each with qualities drawn independently of each other, so that a model of these texts is mediocre in
/// everything and has seen everything. At most 60 words a text; 55,296 prompts.
/// </summary>
public sealed class StoryGrammar : ISyntheticText
{
    public IEnumerable<string> Texts(long seed, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Enumerable.Range(0, count).Select(i =>
        {
            var draws = new Draws(seed, "text", i.ToString(CultureInfo.InvariantCulture));
            var opening = Opening.Draw(draws);
            return $"{opening.Text} {Continuation.Draw(opening, draws)}";
        });
    }

    /// <exception cref="ArgumentException">More prompts are asked for than the grammar has.</exception>
    public IEnumerable<string> Prompts(long seed, int count) => Openings(seed, count).Select(o => o.Text);

    internal static IEnumerable<Opening> Openings(long seed, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count > Opening.Count)
            throw new ArgumentException($"{count} prompts were asked of the story grammar; expected at most {Opening.Count}, all it has.");
        return Distinct(new Draws(seed, "prompts"), count);
    }

    static IEnumerable<Opening> Distinct(Draws draws, int count)
    {
        var seen = new HashSet<Opening>();
        while (seen.Count < count)
        {
            var opening = Opening.Draw(draws);
            if (seen.Add(opening)) yield return opening;
        }
    }
}
