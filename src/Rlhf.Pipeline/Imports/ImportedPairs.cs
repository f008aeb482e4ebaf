using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Imports;

/// <summary>Pairs of a file as prompts, comparisons and judgements: each prompt, comparison and answer once, in the order of the file.</summary>
sealed class ImportedPairs(string name, ArtifactRef source, string labeler, string axis)
{
    static readonly double HeldOutShare = new PreparePrompts.HParams().HeldOutShare;

    readonly Dictionary<string, (Prompt Prompt, List<string> Answers)> _prompts = [];
    readonly HashSet<(string Comparison, Side Side)> _said = [];
    readonly HashSet<string> _asked = [];
    readonly List<Prompt> _ordered = [];
    readonly List<Comparison> _comparisons = [];
    readonly List<Judgement> _judgements = [];

    public IReadOnlyList<Prompt> Prompts => _ordered;

    public IReadOnlyList<Comparison> Comparisons => _comparisons;

    public IReadOnlyList<Judgement> Judgements => _judgements;

    /// <summary>Adds a pair of different answers; one that was added before changes nothing, one that says the opposite is a second judgement.</summary>
    public void Add(ChosenRejected pair, int strength)
    {
        var (prompt, answers) = Known(pair.Prompt);
        var (chosen, rejected) = (Sample(answers, pair.Chosen), Sample(answers, pair.Rejected));
        // In one order, so that a pair and its opposite are one comparison.
        var (first, second) = chosen < rejected ? (chosen, rejected) : (rejected, chosen);
        var comparison = ComparisonSets.Create(
            prompt, Completion(prompt, answers, first), Completion(prompt, answers, second), axis, prompt.HeldOut ? "heldOut" : "training", seed: 0);
        var side = comparison.A.Sample == chosen ? Side.A : Side.B;
        if (!_said.Add((comparison.Id, side))) return;
        if (_asked.Add(comparison.Id)) _comparisons.Add(comparison);
        _judgements.Add(new(comparison.Id, labeler, side, strength, Seconds: 0, Simulated: false));
    }

    (Prompt Prompt, List<string> Answers) Known(IReadOnlyList<Turn> turns)
    {
        var id = PromptText.Id(turns);
        if (_prompts.TryGetValue(id, out var known)) return known;
        var prompt = new Prompt(id, turns, PromptText.HoldOutPosition(turns) < HeldOutShare, name);
        _ordered.Add(prompt);
        return _prompts[id] = (prompt, []);
    }

    static int Sample(List<string> answers, string text)
    {
        var known = answers.IndexOf(text);
        if (known >= 0) return known;
        answers.Add(text);
        return answers.Count - 1;
    }

    // No tokenizer has counted its tokens: 0.
    Completion Completion(Prompt prompt, List<string> answers, int sample) => new(prompt.Id, sample, answers[sample], Finished: true, Tokens: 0, source);
}
