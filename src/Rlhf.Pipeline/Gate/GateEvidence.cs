using System.Security.Cryptography;
using System.Text;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;

namespace Rlhf.Pipeline.Gate;

/// <summary>What a labeler said of champion and challenger on one prompt.</summary>
/// <param name="Comparison">Judgements of the same two completions share it.</param>
/// <param name="Rate">1 where the challenger is better, 0 where the champion is, a half for a tie.</param>
/// <param name="Kind">Who judged; null where it is not known.</param>
/// <param name="ChallengerFirst">Whether the labeler saw the challenger's side first; null where it is not known.</param>
/// <param name="Longer">Characters of the challenger's completion less those of the champion's.</param>
sealed record GateVote(string Prompt, string? Cluster, string Comparison, double Rate, string Labeler, LabelerKind? Kind, bool? ChallengerFirst, double Longer)
{
    /// <summary>True where simulated labelers judged, or taught who judged.</summary>
    public bool Simulated { get; init; } = Kind == LabelerKind.Simulated;

    /// <summary>As what the judgement counts: what simulated labelers had a part in is simulated.</summary>
    public LabelerKind? CountsAs => Simulated ? LabelerKind.Simulated : Kind;

    public Safety? Champion { get; init; }

    public Safety? Challenger { get; init; }

    public int ChampionLength { get; init; }

    public bool IsDecisive => Rate != 0.5;
}

/// <summary>The judgements that a gate decides by, and how many were asked for and never came.</summary>
/// <param name="Votes">In the order of asking.</param>

sealed record GateEvidence(IReadOnlyList<GateVote> Votes, int Missing)
{
    /// <summary>Votes of other axes, for what they say of the sides' safety.</summary>
    public IReadOnlyList<GateVote> OtherAxes { get; init; } = [];

    /// <summary>The champion's completion is sample 0, the challenger's sample 1: in a test of a policy against itself both have the same source.</summary>
    public static GateEvidence Of(IReadOnlyList<EvidenceItem> items, string axis)
    {
        var deciding = items.Where(i => i.Decides).ToList();
        var votes = deciding.ToLookup(i => i.Comparison.Axis == axis);
        return new([.. votes[true].SelectMany(VotesOf)], votes[true].Sum(i => i.Missing)) { OtherAxes = [.. votes[false].SelectMany(VotesOf)] };
    }

    /// <summary>Judgements of a file, whose side a is the challenger; a labeler's first judgement of an item counts.</summary>
    /// <exception cref="InvalidDataException">Side a cannot be the challenger in every line: a writer stands on both sides, or an item's texts change sides.</exception>
    public static GateEvidence Of(JudgementFileContent content, string axis)
    {
        RefuseMixedSides(content);
        var lines = content.Lines.DistinctBy(l => (l.Axis, l.Item, l.Labeler)).ToLookup(l => l.Axis == axis);
        return new([.. lines[true].Select(Vote)], 0) { OtherAxes = [.. lines[false].Select(Vote)] };
    }

    static IEnumerable<GateVote> VotesOf(EvidenceItem item)
    {
        var comparison = item.Comparison;
        var challengerIsA = comparison.A.Sample == 1;
        var (champion, challenger) = challengerIsA ? (comparison.B, comparison.A) : (comparison.A, comparison.B);
        return Judgement.Deciding(item.Judgements).Select(j => new GateVote(
            comparison.PromptId, comparison.Cluster?.ToString(System.Globalization.CultureInfo.InvariantCulture), comparison.Id,
            j.Side == Side.Tie ? 0.5 : j.Side == Side.A == challengerIsA ? 1 : 0, j.Labeler, j.Kind,
            j.ShownFirst is { } first ? first == Side.A == challengerIsA : null, challenger.Text.Length - champion.Text.Length)
        {
            Simulated = j.Simulated || j.Kind == LabelerKind.Simulated,
            ChampionLength = champion.Text.Length,
            Champion = challengerIsA ? j.SafeB : j.SafeA,
            Challenger = challengerIsA ? j.SafeA : j.SafeB,
        });
    }

    static GateVote Vote(JudgementLine line) => new(
        line.PromptId ?? PromptOf(line), line.Cluster, line.Item, line.Choice.Side() switch { Side.A => 1, Side.B => 0, _ => 0.5 }, line.Labeler, line.Kind,
        line.ShownFirst is { } first ? first == Side.A : null, line.CompletionA!.Length - line.CompletionB!.Length)
    {
        ChampionLength = line.CompletionB.Length,
        Champion = line.SafeB,
        Challenger = line.SafeA,
    };

    static void RefuseMixedSides(JudgementFileContent content)
    {
        var first = new Dictionary<string, JudgementLine>();
        foreach (var line in content.Lines)
        {
            if (!first.TryAdd(line.Item, line) && first[line.Item] is var before && line.CompletionA != before.CompletionA && line.CompletionA != line.CompletionB)
                throw Wrong(line, $"item '{line.Item}' has its sides in the other order than in line {before.Line}");
        }
        var writersOfB = content.Lines.Where(l => l.SourceA != l.SourceB && l.SourceB is not null).Select(l => l.SourceB!).ToHashSet();
        if (content.Lines.FirstOrDefault(l => l.SourceA != l.SourceB && l.SourceA is not null && writersOfB.Contains(l.SourceA)) is { } mixed)
            throw Wrong(mixed, $"'source_a' is '{mixed.SourceA}', which is 'source_b' in another line");

        InvalidDataException Wrong(JudgementLine line, string found) => new($"'{content.Name}', line {line.Line}: {found}; expected the challenger as side a in every line.");
    }

    // Items with the same prompt are one unit, whatever the file calls them.
    static string PromptOf(JudgementLine line) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(CanonicalJson.ToText(CanonicalJson.ToNode(line.Prompt)))))[..16];
}
