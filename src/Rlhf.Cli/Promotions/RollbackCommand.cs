using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Notifications;
using Rlhf.Steps.Promotions;

namespace Rlhf.Cli.Promotions;

/// <summary><c>rlhf rollback</c>.</summary>
static class RollbackCommand
{
    public static async Task<int> RunAsync(Workspace workspace, string? environment, string? campaign, int? to, string why, bool json, CancellationToken cancellationToken)
    {
        var place = environment ?? Settings.Environment;
        var of = campaign ?? await OnlyCampaignAsync(workspace, place, cancellationToken);
        var at = TimeProvider.System.GetUtcNow();
        var (now, before) = await Rollback.ToAsync(workspace.Objects, place, of, to, why, Environment.UserName, at, cancellationToken);
        var notification = new Notification($"rollback-{place}-{of}-{now.Version}", "promotion.rolledback", at, new()
        {
            ["environment"] = place,
            ["campaign"] = of,
            ["version"] = now.Version,
            ["rollbackTo"] = now.RollbackTo,
            ["champion"] = $"{now.Artifact}",
            ["before"] = $"{before.Artifact}",
            ["by"] = Environment.UserName,
            ["why"] = why,
        });
        if (!await workspace.Notifications.SendAsync(notification, cancellationToken)) await new UnsentNotifications(workspace.Objects).KeepAsync([notification], cancellationToken);
        var document = new JsonObject
        {
            ["environment"] = place,
            ["campaign"] = of,
            ["version"] = now.Version,
            ["rollbackTo"] = now.RollbackTo,
            ["champion"] = $"{now.Artifact}",
            ["before"] = $"{before.Artifact}",
        };
        Output.Write(json, document, () => Console.Out.WriteLine(
            $"Version {now.Version} of the champion of {of} in '{place}' is {now.Artifact}, as version {now.RollbackTo} was; until now it was {before.Artifact.Short} (version {before.Version})."));
        return ExitCodes.Done;
    }

    static async Task<string> OnlyCampaignAsync(Workspace workspace, string environment, CancellationToken cancellationToken)
    {
        var suffix = Aliases.Champion("");
        var campaigns = (await new Aliases(workspace.Objects, environment).ListAsync(cancellationToken)).Where(n => n.EndsWith(suffix, StringComparison.Ordinal)).Select(n => n[..^suffix.Length]).ToList();
        return campaigns switch
        {
            [var only] => only,
            [] => throw new ArgumentException($"The environment '{environment}' has no champion; there is nothing to go back to."),
            _ => throw new ArgumentException($"The environment '{environment}' has the campaigns {string.Join(", ", campaigns)}; expected --campaign."),
        };
    }
}
