using System.CommandLine;
using Rlhf.Cli.Reports;

namespace Rlhf.Cli;

/// <content><c>rlhf report</c></content>
static partial class Commands
{
    static Command ReportOf()
    {
        Argument<string?> round = new("round") { Description = "The round: its number, an instance, or its report (report/0f3a…). Without it: all rounds of the campaign, laid over each other.", Arity = ArgumentArity.ZeroOrOne };
        Option<string[]> compare = new("--compare") { Description = "Lay these rounds over each other: --compare 1 2.", AllowMultipleArgumentsPerToken = true };
        Option<string?> campaign = new("--campaign") { Description = "Campaign, or its beginning; needed where there are several." };
        Option<string?> output = new("--output") { Description = "The file to write. Default: round-CAMPAIGN-ROUND.html, rounds.html or campaign-CAMPAIGN.html here." };
        Option<bool> open = new("--open") { Description = "Open it in the browser." };
        Command command = new("report", "Write a round's report, or several rounds over each other, as one HTML file that needs nothing else.") { round, compare, campaign, output, open };
        command.Validators.Add(result =>
        {
            if (result.GetValue(round) is not null && result.GetValue(compare) is { Length: > 0 }) result.AddError("Expected a round, or --compare with rounds, not both.");
            if (result.GetValue(compare) is { Length: 1 }) result.AddError("--compare names one round; expected at least two.");
        });
        command.Validators.Add(NeedsStore);
        Act(command, (workspace, parsed, json, cancellation) => (parsed.GetValue(round), parsed.GetValue(compare)) switch
        {
            ({ } one, _) => ReportCommand.RoundAsync(workspace, one, parsed.GetValue(campaign), parsed.GetValue(output), parsed.GetValue(open), json, cancellation),
            (_, { Length: > 0 } several) => ReportCommand.CompareAsync(workspace, several, parsed.GetValue(campaign), parsed.GetValue(output), parsed.GetValue(open), json, cancellation),
            _ => ReportCommand.CampaignAsync(workspace, parsed.GetValue(campaign), parsed.GetValue(output), parsed.GetValue(open), json, cancellation),
        });
        return command;
    }
}
