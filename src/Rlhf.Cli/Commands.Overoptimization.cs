using System.CommandLine;
using Rlhf.Cli.Overoptimization;
using Rlhf.Learning.Evaluation.Overoptimization;

namespace Rlhf.Cli;

/// <content><c>rlhf overoptimization …</c></content>
static partial class Commands
{
    static Command OveroptimizationOf()
    {
        Argument<string> points = new("points") { Description = "A table (.csv) with a header: columns kl (nats) and gold (deviations above the start), weight where there is one; others are passed over." };
        Option<string> law = new("--law") { Description = "bon: d(α − βd), best-of-n; rl: d(α − β ln d), RL; d = √KL.", Required = true };
        law.AcceptOnlyFromAmong("bon", "rl");
        Option<int> resamples = new("--resamples") { Description = "Of the bootstrap behind the intervals, 40 to 1,000,000.", DefaultValueFactory = _ => 2000 };
        resamples.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 40 or > 1_000_000) result.AddError($"--resamples is {result.GetValueOrDefault<int>()}; expected 40 to 1000000.");
        });
        Option<ulong> seed = new("--seed") { Description = "Of the bootstrap.", DefaultValueFactory = _ => 1 };
        Command fit = new("fit", "Fit a law of over-optimization: α, β, the best KL and the gain there, with intervals; no store is needed. Exit code 1 where the points don't carry it.") { points, law, resamples, seed };
        fit.SetAction(parsed => FitCommand.Run(
            parsed.GetValue(points)!, parsed.GetValue(law) == "rl" ? Law.Rl : Law.BestOfN, parsed.GetValue(resamples), parsed.GetValue(seed), parsed.GetValue(Json)));
        return new("overoptimization", "Where a proxy and what people prefer part.") { fit };
    }
}
