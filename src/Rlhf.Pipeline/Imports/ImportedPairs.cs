using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Pipeline.Imports;

/// <summary>What a file says as prompts, comparisons and judgements: each prompt, comparison and answer once, in the order of the file.</summary>
sealed class ImportedPairs(string name, ArtifactRef source, string axis)
{
    static readonly double HeldOutShare = new PreparePrompts.HParams().HeldOutShare;

    readonly Dictionary<string, (Prompt Prompt, List<Answer> Answers)> _prompts = [];
    readonly HashSet<(string Comparison, Side Side)> _said = [];
    readonly HashSet<string> _asked = [];
    readonly List<Prompt> _ordered = [];
    readonly List<Comparison> _comparisons = [];
    readonly List<Judgement> _judgements = [];

    /// <summary>A completion of the file, and what the file calls who wrote it.</summary>
    sealed record Answer(string Text, string? Source);

    public IReadOnlyList<Prompt> Prompts => _ordered;

    public IReadOnlyList<Comparison> Comparisons => _comparisons;

    public IReadOnlyList<Judgement> Judgements => _judgements;

    /// <summary>Adds a pair of different answers; one that was added before changes nothing, one that says the opposite is a second judgement.</summary>
    public void Add(ChosenRejected pair, string labeler, int strength)
    {
        var (comparison, chosenIsA) = Compare(pair.Prompt, new(pair.Chosen, null), new(pair.Rejected, null));
        var side = chosenIsA ? Side.A : Side.B;
        if (_said.Add((comparison.Id, side))) Add(comparison, new(comparison.Id, labeler, side, strength, Seconds: null, Simulated: false));
    }

    /// <summary>Adds a judgement of two different completions, whoever judged them before.</summary>
    public void Add(JudgementLine line)
    {
        IReadOnlyList<Turn> turns = [.. line.Prompt!.Select(t => t with { Text = PromptText.Normalize(t.Text) })];
        var (comparison, isAsWritten) = Compare(turns, new(line.CompletionA!, line.SourceA), new(line.CompletionB!, line.SourceB));
        var said = isAsWritten ? line : line.Swapped();
        Add(comparison, Judgement.Of(comparison.Id, said.Labeler, said.Kind, said.Choice, said.Seconds) with
        {
            ShownFirst = said.ShownFirst,
            Guidelines = said.Guidelines,
            SafeA = said.SafeA,
            SafeB = said.SafeB,
        });
    }

    void Add(Comparison comparison, Judgement judgement)
    {
        if (_asked.Add(comparison.Id)) _comparisons.Add(comparison);
        _judgements.Add(judgement);
    }

    /// <summary>The comparison of two answers, the same in either order, and whether the first of them is its side A.</summary>
    (Comparison Comparison, bool FirstIsA) Compare(IReadOnlyList<Turn> turns, Answer one, Answer other)
    {
        var (prompt, answers) = Known(turns);
        var (i, j) = (Sample(answers, one), Sample(answers, other));
        var (first, second) = i < j ? (i, j) : (j, i);
        var comparison = ComparisonSets.Create(
            prompt, Completion(prompt, answers, first), Completion(prompt, answers, second), axis, prompt.HeldOut ? "heldOut" : "training", seed: 0);
        return (comparison, comparison.A.Sample == i);
    }

    (Prompt Prompt, List<Answer> Answers) Known(IReadOnlyList<Turn> turns)
    {
        var id = PromptText.Id(turns);
        if (_prompts.TryGetValue(id, out var known)) return known;
        var prompt = new Prompt(id, turns, PromptText.HoldOutPosition(turns) < HeldOutShare, name);
        _ordered.Add(prompt);
        return _prompts[id] = (prompt, []);
    }

    static int Sample(List<Answer> answers, Answer answer)
    {
        var known = answers.IndexOf(answer);
        if (known >= 0) return known;
        answers.Add(answer);
        return answers.Count - 1;
    }

    // No tokenizer has counted its tokens: 0.
    Completion Completion(Prompt prompt, List<Answer> answers, int sample) =>
        new(prompt.Id, sample, answers[sample].Text, Finished: true, Tokens: 0, source) { SourceName = answers[sample].Source };
}
