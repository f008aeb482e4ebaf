using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Promotions;

sealed class PreparePromotionStep : Step<PreparePromotion.Inputs, NoHParams, PreparePromotion.Outputs>
{
    public override StepDescription Description => PreparePromotion.Description;

    /// <summary>A gate's answer about the policy, and when it was given.</summary>
    sealed record Decided(ArtifactRef Champion, ArtifactRef Decision, string Outcome, DateTimeOffset At)
    {
        public override string ToString() => $"{Outcome} against {Champion.Short} at {At:yyyy-MM-dd HH:mm} UTC";
    }

    sealed record Championship(string Campaign, IReadOnlyList<AliasVersion> History)
    {
        public AliasVersion Current => History[^1];
    }

    protected override async Task<StepResult> RunAsync(PreparePromotion.Inputs inputs, NoHParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var (objects, environment) = (context.Artifacts.Objects, inputs.Environment ?? context.Aliases.Environment);
        var policy = await new References(objects, context.Time, environment).ResolveAsync(inputs.Policy, cancellationToken);
        var here = (await ChampionsAsync(objects, environment, cancellationToken)).Where(c => inputs.Campaign is null || c.Campaign == inputs.Campaign).ToList();
        // Asked for again, it is the promotion that has taken place.
        if (here.Where(c => c.Current.Artifact == policy && c.Current.Promotion is not null).ToList() is [var standing])
        {
            var request = await new PromotionStore(objects).FindRequestAsync(environment, standing.Current.Promotion!, cancellationToken)
                ?? throw new InvalidDataException($"Promotion {standing.Current.Promotion}, which made {policy.Short} champion, is not in the store.");
            return Completed(new(policy, request.Champion, request.Decision, request.Campaign, environment));
        }
        var decided = (await new StepRecords(objects).ListAsync(cancellationToken))
            .Where(r => r.Step == nameof(DecideGate) && $"{r.Inputs["challenger"]}" == policy.ToString()).OrderBy(r => r.FinishedAt)
            .Select(r => new Decided(ArtifactRef.Parse($"{r.Inputs["champion"]}"), ArtifactRef.Parse($"{r.Outputs["decision"]}"), r.Outcome, r.FinishedAt)).ToList();
        var open = decided.Where(d => d.Outcome == GateVerdict.Promote).Reverse().ToList();

        foreach (var decision in open)
        {
            var campaigns = await CampaignsAsync(objects, decision.Champion, inputs.Campaign, cancellationToken);
            // Where the environment has no champion of the campaign yet, it may have been compared with that of another environment.
            var fitting = campaigns.Where(c => here.FirstOrDefault(h => h.Campaign == c) is not { } standing || standing.Current.Artifact == decision.Champion).ToList();
            if (fitting is [var campaign]) return Completed(new(policy, decision.Champion, decision.Decision, campaign, environment));
            if (fitting.Count > 1) throw new ArgumentException($"{decision.Champion.Short}, against which {policy.Short} was preferred, was champion of the campaigns {string.Join(", ", fitting)}; expected the input 'campaign'.");
        }
        throw new InvalidDataException(NoDecision(policy, environment, here, decided));
    }

    static string NoDecision(ArtifactRef policy, string environment, List<Championship> here, List<Decided> decided)
    {
        var champions = here.Count == 0 ? $"'{environment}' has no champion yet" : $"'{environment}' has {string.Join(", ", here.Select(c => $"{c.Current.Artifact.Short} as champion of {c.Campaign}"))}";
        var said = decided.Count == 0 ? "no gate has decided about it" : $"gates have said {string.Join(", ", decided)}";
        var (campaign, champion) = here is [var only] ? (only.Campaign, only.Current.Artifact.ToString()) : ("CAMPAIGN", "CHAMPION");
        return $"No gate has decided to promote {policy.Short} against the champion that it would follow: {champions}; {said}. "
            + $"rlhf run evaluate-challenger --input campaign={campaign} --input champion={champion} --input challenger={policy} --input prompts=prompts@latest --input labeler=file asks people.";
    }

    /// <summary>Every campaign of which the policy was champion anywhere.</summary>
    static async Task<List<string>> CampaignsAsync(IObjectStore objects, ArtifactRef champion, string? campaign, CancellationToken cancellationToken)
    {
        var environments = (await objects.ListAsync("aliases/", cancellationToken)).Select(n => n.Split('/')[1]).Distinct();
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var environment in environments)
            found.UnionWith((await ChampionsAsync(objects, environment, cancellationToken)).Where(c => c.History.Any(v => v.Artifact == champion)).Select(c => c.Campaign));
        return [.. found.Where(c => campaign is null || c == campaign)];
    }

    static async Task<List<Championship>> ChampionsAsync(IObjectStore objects, string environment, CancellationToken cancellationToken)
    {
        var (aliases, suffix, champions) = (new Aliases(objects, environment), Aliases.Champion(""), new List<Championship>());
        foreach (var name in (await aliases.ListAsync(cancellationToken)).Where(n => n.EndsWith(suffix, StringComparison.Ordinal)))
            champions.Add(new(name[..^suffix.Length], await aliases.HistoryAsync(name, cancellationToken)));
        return champions;
    }
}
