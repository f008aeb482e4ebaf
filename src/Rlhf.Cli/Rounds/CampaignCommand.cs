using Rlhf.Cli.Engine;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Workflows;

namespace Rlhf.Cli.Rounds;

/// <summary>Runs rounds one after the other until their budget is used up, the gate says no or the monitor sees no gain; goes on with a campaign that was interrupted.</summary>
static class CampaignCommand
{
    public static async Task<int> RunAsync(RoundOptions options, int rounds, int rejections, double? leastGain, CancellationToken cancellationToken)
    {
        RoundCommand.Check(options);
        if (rounds is < 1 or > 10_000) throw new ArgumentException($"--rounds is {rounds}; expected 1 to 10000.");
        if (rejections is < 1 or > 10_000) throw new ArgumentException($"--rejections is {rejections}; expected 1 to 10000.");
        if (leastGain is { } least && !double.IsFinite(least)) throw new ArgumentException($"--least-gain is {least}; expected a number.");
        await using var workspace = new Workspace(options.Store, observer: new Troubles(Console.Error));
        await workspace.TryDriveAsync(cancellationToken);
        // The campaign dispatches the round by its id, so the round must be published.
        await workspace.PublishWorkflowsAsync(cancellationToken);
        var inputs = await RoundCommand.InputsAsync(workspace, options, cancellationToken);
        inputs["maxRounds"] = rounds;
        inputs["maxRejections"] = rejections;
        if (leastGain is { } gain) inputs["leastGain"] = gain;
        var instance = await RoundCommand.OpenOrStartAsync(workspace, "rlhf-campaign", inputs, options.Json, cancellationToken);
        return await RoundCommand.FollowAsync(workspace, instance, options.Json, cancellationToken);
    }
}
