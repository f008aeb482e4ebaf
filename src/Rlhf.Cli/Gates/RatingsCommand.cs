using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Spectre.Console;

namespace Rlhf.Cli.Gates;

/// <summary><c>rlhf gate ratings</c>: all policies that a campaign compared, by rating.</summary>
static class RatingsCommand
{
    const string Ending = "/ratings";

    /// <exception cref="ArgumentException">There is no such campaign, or several and none is named.</exception>
    public static async Task<int> RunAsync(Workspace workspace, string? campaign, bool json, CancellationToken cancellationToken)
    {
        var known = (await workspace.Aliases.ListAsync(cancellationToken)).Where(n => n.EndsWith(Ending, StringComparison.Ordinal)).Select(n => n[..^Ending.Length]).ToList();
        if (known.Count == 0) throw new ArgumentException($"No round was reported in the environment {workspace.Aliases.Environment} yet; there is nothing to rate.");
        if (campaign is null && known.Count > 1) throw new ArgumentException($"There are several campaigns; expected --campaign with one of {string.Join(", ", known)}.");
        if (campaign is not null && !known.Contains(campaign)) throw new ArgumentException($"--campaign is '{campaign}'; expected {string.Join(" or ", known)}.");
        campaign ??= known[0];
        var artifact = (await workspace.Aliases.CurrentAsync(Aliases.Ratings(campaign), cancellationToken))!.Artifact;
        var ratings = await workspace.Artifacts.ReadJsonAsync<CampaignRatings>(artifact, CampaignRatings.File, cancellationToken);
        var champion = (await workspace.Aliases.CurrentAsync(Aliases.Champion(campaign), cancellationToken))?.Artifact;
        Output.Write(json, Document(campaign, artifact, champion, ratings), () => Print(campaign, champion, ratings));
        return ExitCodes.Done;
    }

    // A figure that does not exist is null in the document, not absent from it.
    static JsonObject Document(string campaign, ArtifactRef artifact, ArtifactRef? champion, CampaignRatings ratings) => new()
    {
        ["campaign"] = campaign,
        ["ratings"] = $"{artifact}",
        ["axis"] = ratings.Axis,
        ["judgements"] = ratings.Judgements,
        ["simulated"] = ratings.Simulated,
        ["judgeShare"] = ratings.JudgeShare,
        ["reason"] = ratings.Reason,
        ["intervalReason"] = ratings.IntervalReason,
        ["policies"] = new JsonArray([.. ratings.Policies.Select(p => new JsonObject
        {
            ["policy"] = $"{p.Policy}",
            ["versions"] = new JsonArray([.. p.Versions.Select(v => (JsonNode)v)]),
            ["champion"] = p.Policy == champion,
            ["rating"] = p.Rating,
            ["lower"] = p.Lower,
            ["upper"] = p.Upper,
            ["comparisons"] = p.Comparisons,
        })]),
        ["pairs"] = CanonicalJson.ToNode(ratings.Pairs),
    };

    static void Print(string campaign, ArtifactRef? champion, CampaignRatings ratings)
    {
        var table = new Table().Title($"Campaign {campaign}: ratings{JudgedBy.Mark(ratings.Simulated, ratings.JudgeShare)}").AddColumns("Policy", "", "Rating", "95 %", "Comparisons");
        foreach (var policy in ratings.Policies)
            table.AddRow(
                policy.Versions.Count > 0 ? string.Join(", ", policy.Versions) : policy.Policy.Short, policy.Policy == champion ? "champion" : "", policy.Rating is { } rating ? $"{rating:0}" : "",
                policy is { Lower: { } lower, Upper: { } upper } ? $"{lower:0} to {upper:0}" : "", $"{policy.Comparisons}");
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected) console.Profile.Width = 140;
        console.Write(table);
        console.WriteLine(ratings.Reason is { } reason ? $"There are no ratings: {reason}." : "The mean of all is 1000; 400 more are ten times the odds of being preferred." + (ratings.IntervalReason is { } why ? $" No intervals: {why}." : ""));
    }
}
