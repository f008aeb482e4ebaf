using System.Globalization;
using System.Text.Json.Serialization;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Rounds;

/// <summary>What a round began with; one create-only file a round, so that no two rounds share a number.</summary>
sealed record RoundStart(
    string Instance, long BaseSeed, ArtifactRef Champion, ArtifactRef? Preferences, ArtifactRef? RewardModel = null, ArtifactRef? Earlier = null, ArtifactRef? EarlyPolicy = null)
{
    public string Axis { get; init; } = JudgementLine.DefaultAxis;

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SecondAxis { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ArtifactRef? SecondPreferences { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ArtifactRef? SecondRewardModel { get; init; }
}

sealed class StartRoundStep : Step<StartRound.Inputs, NoHParams, StartRound.Outputs>
{
    public override StepDescription Description => StartRound.Description;

    protected override async Task<StepResult> RunAsync(
        StartRound.Inputs inputs, NoHParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var campaign = inputs.Sft.Sha256[..12];
        if (inputs.SecondAxis is not null && inputs.SecondAxis == AxisOf(inputs))
            throw new ArgumentException($"'axis' and 'secondAxis' are both '{inputs.SecondAxis}'; expected two axes, or no second one.");
        var (number, start) = inputs.SameAs is { } replayed
            ? (replayed, await ReadAsync(context, campaign, replayed, cancellationToken)
                ?? throw new ArgumentException($"Round {replayed} of campaign {campaign} is not in this store; there is nothing to replay."))
            : await BeginAsync(campaign, inputs, context, cancellationToken);
        if ((start.Axis, start.SecondAxis) != (AxisOf(inputs), inputs.SecondAxis))
            throw new ArgumentException($"Round {number} of campaign {campaign} was on {Said(start.Axis, start.SecondAxis)}; a replay on {Said(AxisOf(inputs), inputs.SecondAxis)} would be another round.");
        var seed = Seeds.Derive(start.BaseSeed, "round", number.ToString(CultureInfo.InvariantCulture));
        return Completed(new(campaign, number, seed, start.Champion, inputs.Sft, start.Preferences, start.RewardModel, start.Earlier, start.EarlyPolicy, start.SecondPreferences, start.SecondRewardModel));
    }

    static string AxisOf(StartRound.Inputs inputs) => inputs.Axis ?? JudgementLine.DefaultAxis;

    static string Said(string axis, string? second) => second is null ? $"'{axis}'" : $"'{axis}' and '{second}'";

    static async Task<(int, RoundStart)> BeginAsync(string campaign, StartRound.Inputs inputs, StepContext context, CancellationToken cancellationToken)
    {
        await context.Names.RegisterAsync(Names.Policy, inputs.Sft, cancellationToken);
        var first = new AliasVersion(1, inputs.Sft, "the supervised policy is the first champion", context.Time.GetUtcNow(), context.Execution.Instance);
        await context.Aliases.TryAppendAsync(Aliases.Champion(campaign), first, cancellationToken);
        var champions = await context.Aliases.HistoryAsync(Aliases.Champion(campaign), cancellationToken);
        var champion = champions[^1].Artifact;
        var earlier = champions.LastOrDefault(v => v.Artifact != champion)?.Artifact;
        async Task<ArtifactRef?> Now(string name) => (await context.Aliases.CurrentAsync(name, cancellationToken))?.Artifact;
        var (axis, second) = (AxisOf(inputs), inputs.SecondAxis);
        var start = new RoundStart(
            context.Execution.Instance, inputs.BaseSeed, champion, await Now(Aliases.Preferences(campaign, axis)), await Now(Aliases.RewardModel(campaign, axis)), earlier,
            await Now(Aliases.EarlyPolicy(campaign)))
        {
            Axis = axis,
            SecondAxis = second,
            SecondPreferences = second is null ? null : await Now(Aliases.Preferences(campaign, second)),
            SecondRewardModel = second is null ? null : await Now(Aliases.RewardModel(campaign, second)),
        };
        for (var number = 1; ; number++)
        {
            if (await context.Artifacts.Objects.TryCreateAsync(Name(campaign, number), CanonicalJson.Serialize(start), cancellationToken)) return (number, start);
            // An attempt of this very instance may have been killed after its write.
            if (await ReadAsync(context, campaign, number, cancellationToken) is { } taken && taken.Instance == context.Execution.Instance) return (number, taken);
        }
    }

    static async Task<RoundStart?> ReadAsync(StepContext context, string campaign, int number, CancellationToken cancellationToken) =>
        await context.Artifacts.Objects.ReadAsync(Name(campaign, number), cancellationToken) is { } bytes
            ? CanonicalJson.Deserialize<RoundStart>(bytes, Name(campaign, number))
            : null;

    static string Name(string campaign, int number) => $"rounds/{campaign}/{number.ToString("D6", CultureInfo.InvariantCulture)}.json";
}
