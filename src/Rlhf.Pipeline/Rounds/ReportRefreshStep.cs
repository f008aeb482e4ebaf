using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Rounds;

sealed class ReportRefreshStep : Step<ReportRefresh.Inputs, NoHParams, ReportRefresh.Outputs>
{
    public override StepDescription Description => ReportRefresh.Description;

    protected override async Task<StepResult> RunAsync(
        ReportRefresh.Inputs inputs, NoHParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        if (inputs.EarlierRewardModel is null != inputs.EarlierReportCard is null)
            throw new ArgumentException(inputs.EarlierReportCard is null
                ? "'earlierReportCard' is missing and 'earlierRewardModel' is given; expected both or none."
                : "'earlierRewardModel' is missing and 'earlierReportCard' is given; expected both or none.");
        var report = new RefreshReport(
            inputs.Round, await CardAsync(inputs.ReportCard), inputs.EarlierReportCard is { } earlier ? await CardAsync(earlier) : null,
            inputs.Champion, inputs.RewardModel, inputs.EarlierRewardModel, inputs.Preferences);
        var artifact = await context.Artifacts.PutAsync(
            "refresh", new Dictionary<string, byte[]> { ["refresh.json"] = CanonicalJson.Serialize(report) }, cancellationToken);
        await context.Names.RegisterAsync(Names.RewardModel, inputs.RewardModel, cancellationToken);
        await new HandOver(context, inputs.Round).KeepAsync(inputs.Campaign, JudgementLine.DefaultAxis, inputs.Preferences, inputs.RewardModel, cancellationToken);
        return Completed(new(artifact));

        Task<RewardModelCard> CardAsync(ArtifactRef card) => context.Artifacts.ReadJsonAsync<RewardModelCard>(card, ReportCards.File, cancellationToken);
    }
}
