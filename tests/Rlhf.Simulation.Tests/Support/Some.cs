using System.Text.Json.Nodes;
using Rlhf.Simulation.Stories;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Simulation.Tests.Support;

static class Some
{
    public static ArtifactRef Ref(char digit) => new("policy", new string(digit, 64));

    public static Completion Completion(string text, ArtifactRef source, int sample = 0) => new("prompt-1", sample, text, true, 10, source);

    /// <summary>Questions with two continuations of the grammar each.</summary>
    public static IReadOnlyList<Question> Questions(int count) =>
    [
        .. StoryGrammar.Openings(seed: 7, count).Select((opening, i) =>
        {
            var draws = new Draws(9, $"continuations {i}");
            return new Question($"question-{i}", Turn.User(opening.Text), Continuation.Draw(opening, draws), Continuation.Draw(opening, draws), "preference");
        }),
    ];

    public static LabelingRequest Request(
        IReadOnlyList<Question> questions, int judgementsPerQuestion = 1, long seed = 5, params (string Name, JsonNode Value)[] settings)
    {
        // Answers that come at once, unless the test is about late ones.
        var all = new JsonObject { ["simulatedLateShare"] = 0.0 };
        foreach (var (name, value) in settings) all[name] = value.DeepClone();
        return new("request-1", questions, judgementsPerQuestion, seed, all);
    }
}
