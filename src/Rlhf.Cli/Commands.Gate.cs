using System.CommandLine;
using Rlhf.Cli.Gates;

namespace Rlhf.Cli;

/// <content><c>rlhf gate …</c></content>
static partial class Commands
{
    static Command GateOf()
    {
        Option<string> judgements = new("--judgements") { Description = "Judgements, .jsonl or .jsonl.gz, whose side a is the challenger.", Required = true };
        Option<string> criteria = new("--criteria") { Description = "Criteria: a file, or a name in workflows/gates.", DefaultValueFactory = _ => "default" };
        Command decide = new("decide", "What judgements come to under given criteria; no store is needed. Exit codes: 0 promote, 3 reject, 4 more judgements needed.") { judgements, criteria };
        decide.Does((parsed, cancellation) => Task.FromResult(GateCommand.Decide(parsed.GetValue(judgements)!, parsed.GetValue(criteria)!, parsed.GetValue(Json), cancellation)));
        Option<string?> campaign = new("--campaign") { Description = "Campaign, as in rlhf artifacts names; needed where there are several." };
        Command ratings = new("ratings", "All policies that a campaign compared, by Bradley-Terry rating with intervals.") { campaign };
        Act(ratings, (workspace, parsed, json, cancellation) => RatingsCommand.RunAsync(workspace, parsed.GetValue(campaign), json, cancellation));
        ratings.Validators.Add(NeedsStore);
        return new("gate", "What allows promotion.") { decide, ratings };
    }
}
