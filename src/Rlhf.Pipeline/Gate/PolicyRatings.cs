using Rlhf.Learning.Evaluation.Ratings;
using Rlhf.Pipeline.Labeling;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Gate;

/// <summary>Rates the policies of a campaign by all comparisons of them.</summary>
static class PolicyRatings
{
    const int Resamples = 1000, ResamplingSeed = 1;

    /// <summary>Of the evidence of several rounds; a judgement that stands in two of them counts once, and those of other axes do not.</summary>
    /// <param name="evidence">By its reference, in the order of the rounds.</param>
    /// <param name="axis">The axis that counts.</param>
    /// <param name="versions">Names of policies.</param>
    public static CampaignRatings Of(IReadOnlyList<(ArtifactRef Artifact, IReadOnlyList<EvidenceItem> Items)> evidence, string axis, ILookup<ArtifactRef, string> versions)
    {
        // The same texts may be another round's between other policies, so a comparison is its id and who wrote it.
        var comparisons = evidence.SelectMany(e => e.Items).Where(i => i.Comparison.Axis == axis).GroupBy(i => (i.Comparison.Id, i.Comparison.A.Source, i.Comparison.B.Source))
            .Select(g => (g.First().Comparison, Judgements: Judgement.Deciding([.. g.SelectMany(i => i.Judgements).DistinctBy(j => (j.Labeler, j.Adjudicated))])))
            .Where(c => c.Judgements.Count > 0 && c.Comparison.A.Source != c.Comparison.B.Source).ToList();
        List<ArtifactRef> policies = [.. comparisons.SelectMany(c => new[] { c.Comparison.A, c.Comparison.B }.OrderBy(s => s.Sample).Select(s => s.Source)).Distinct()];
        var scored = comparisons.Select(c => Scored(c.Comparison, c.Judgements, policies)).ToList();
        List<Game> games = [.. scored.GroupBy(g => g).Select(g => g.Key with { Count = g.Count() })];

        var reason = policies.Count < 2 ? "no two policies were compared" : BradleyTerry.Reason(policies.Count, games, i => Name(policies[i], versions));
        double[]? ratings = null;
        IReadOnlyList<(double Lower, double Upper)>? intervals = null;
        if (reason is null) (ratings, intervals) = BradleyTerry.Rated(policies.Count, games, Resamples, ResamplingSeed);
        var rated = policies.Index().Select(p => new PolicyRating(
            p.Item, [.. versions[p.Item]], scored.Count(g => g.First == p.Index || g.Second == p.Index), Rounded(ratings?[p.Index]), Rounded(intervals?[p.Index].Lower), Rounded(intervals?[p.Index].Upper)));
        var judgements = comparisons.SelectMany(c => c.Judgements).ToList();
        return new(
            axis, [.. rated.OrderByDescending(r => r.Rating)], [.. Pairs(games, policies)], [.. evidence.Select(e => e.Artifact)], judgements.Count, judgements.Any(j => j.Simulated), reason,
            intervals is not null ? null : reason ?? "in too many resamples of the comparisons a policy won or lost everything; more comparisons are needed")
        { JudgeShare = JudgedBy.JudgeShare(judgements) };
    }

    /// <summary>The ratings with this evidence, which becomes the newest version; what has it already is found again, and nothing is counted twice.</summary>
    public static async Task<(ArtifactRef Artifact, CampaignRatings Ratings)> AddAsync(
        StepContext context, string campaign, int round, ArtifactRef evidence, string axis, CancellationToken cancellationToken)
    {
        var name = Aliases.Ratings(campaign);
        var history = await context.Aliases.HistoryAsync(name, cancellationToken);
        List<ArtifactRef> counted = [];
        foreach (var version in history)
        {
            var ratings = await context.Artifacts.ReadJsonAsync<CampaignRatings>(version.Artifact, CampaignRatings.File, cancellationToken);
            // A replay reports what its round reported.
            if (ratings.Evidence.Contains(evidence)) return (version.Artifact, ratings);
            counted = [.. ratings.Evidence];
        }
        var items = new List<(ArtifactRef, IReadOnlyList<EvidenceItem>)>();
        foreach (var artifact in counted.Append(evidence)) items.Add((artifact, await context.Artifacts.ReadEvidenceAsync(artifact, cancellationToken)));
        var names = (await context.Names.HistoryAsync(Names.Policy, cancellationToken)).ToLookup(v => v.Artifact, v => $"{Names.Policy}@{v.Version}");
        var added = Of(items, axis, names);
        var put = await context.Artifacts.PutAsync("ratings", new Dictionary<string, byte[]> { [CampaignRatings.File] = Steps.Json.CanonicalJson.Serialize(added) }, cancellationToken);
        var next = new AliasVersion(history is [.., var newest] ? newest.Version + 1 : 1, put, $"round {round}", context.Time.GetUtcNow(), context.Execution.Instance);
        return await context.Aliases.TryAppendAsync(name, next, cancellationToken)
            ? (put, added)
            : throw new IOException($"Version {next.Version} of {name} was taken by another round that ended at the same time.");
    }

    /// <summary>The policy that comes first is the first player.</summary>
    static Game Scored(Comparison comparison, IReadOnlyList<Judgement> judgements, List<ArtifactRef> policies)
    {
        var (a, b) = (policies.IndexOf(comparison.A.Source), policies.IndexOf(comparison.B.Source));
        var score = judgements.Average(j => j.Side switch { Side.A => 1, Side.B => 0, _ => 0.5 });
        return a < b ? new(a, b, score) : new(b, a, 1 - score);
    }

    static IEnumerable<PolicyPair> Pairs(List<Game> games, List<ArtifactRef> policies) =>
        games.GroupBy(g => (g.First, g.Second)).OrderBy(g => g.Key)
            .Select(g => new PolicyPair(policies[g.Key.First], policies[g.Key.Second], g.Sum(x => x.Count), Math.Round(g.Sum(x => x.Score * x.Count), 6)));

    static string Name(ArtifactRef policy, ILookup<ArtifactRef, string> versions) => versions[policy].FirstOrDefault() ?? policy.Short;

    static double? Rounded(double? rating) => rating is { } value ? Math.Round(value, 2) : null;
}
