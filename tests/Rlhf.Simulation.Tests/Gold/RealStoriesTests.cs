using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Rlhf.Simulation.Gold;
using Rlhf.Steps.Data;

namespace Rlhf.Simulation.Tests.Gold;

/// <summary>On real children's stories gold must mean something: a story's own continuation beats what was done to it.</summary>
public sealed partial class RealStoriesTests
{
    // About as long as a small model's completion of 100 tokens.
    const int Words = 65;

    [Fact]
    public void A_true_continuation_scores_higher_than_a_shuffled_foreign_cut_or_repeated_one()
    {
        var stories = Stories();
        double Mean(Func<int, string> completion) =>
            Enumerable.Range(0, stories.Count).Average(i => GoldPreference.Score(Turn.User(stories[i].Prompt), completion(i)));

        var own = Mean(i => Text(stories[i].Sentences));

        Assert.True(own > Mean(i => Text(Shuffled(stories[i].Sentences, i))) + 0.03);
        Assert.True(own > Mean(i => Text(stories[(i + 37) % stories.Count].Sentences)) + 0.03);
        Assert.True(own > Mean(i => string.Join(' ', Text(stories[i].Sentences).Split(' ').Take(15))) + 0.03);
        Assert.True(own > Mean(i => Text(Enumerable.Repeat(stories[i].Sentences[0], 5))) + 0.03);
    }

    static string Text(IEnumerable<string> sentences) => string.Join(' ', sentences);

    static IEnumerable<string> Shuffled(IReadOnlyList<string> sentences, int seed)
    {
        var draws = new Draws(seed, "shuffle");
        return sentences.Select(s => (s, Key: draws.Uniform())).ToList().OrderBy(s => s.Key).Select(s => s.s);
    }

    static List<(string Prompt, List<string> Sentences)> Stories()
    {
        var root = typeof(RealStoriesTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(m => m.Key == "RepositoryRoot").Value!;
        var file = Path.Combine(root, "..", "shared", "data", "tinystories", "tinystories_1000.json");
        if (!File.Exists(file)) Assert.Skip($"The real stories ({Path.GetFileName(file)}) are not beside the repository.");

        var stories = new List<(string, List<string>)>();
        foreach (var story in JsonSerializer.Deserialize<string[]>(File.ReadAllText(file))!)
        {
            var sentences = SentenceEnd().Split(story).Where(s => s.Length > 0).ToList();
            var words = 0;
            var taken = sentences.Skip(1).TakeWhile(s => (words += s.Split(' ').Length) <= Words).ToList();
            if (taken.Count >= 3) stories.Add((sentences[0], taken));
        }
        return stories;
    }

    [GeneratedRegex(@"(?<=[.!?][""”]?)\s+")]
    private static partial Regex SentenceEnd();
}
