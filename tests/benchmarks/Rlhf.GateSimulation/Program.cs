using System.Globalization;
using Rlhf.GateSimulation;

// The gate's error rates: CAMPAIGNS campaigns of each scenario, the table of tests/RESULTS.md.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var campaigns = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10_000;
const int Seed = 20_261_128;

Scenario[] scenarios =
[
    new("null: equal, independent"),
    new("null: 40 % ties", Ties: 0.4),
    new("null: 3 a prompt, ICC 0.2", Each: 3, Correlation: 0.2),
    new("null: 10 a prompt, ICC 0.3", Each: 10, Correlation: 0.3),
    new("null: half prefer the side shown first", FirstShown: 0.5),
    new("worse: 0.40", Rate: 0.4),
    new("win rate 0.55", Rate: 0.55),
    new("win rate 0.60", Rate: 0.6),
    new("win rate 0.65", Rate: 0.65),
    new("win rate 0.60, 40 % ties", Rate: 0.6, Ties: 0.4),
    new("win rate 0.60, 3 a prompt, ICC 0.2", Rate: 0.6, Each: 3, Correlation: 0.2),
    new("equal, length-biased 0.5 by 100, challenger 80 longer", LengthBias: 0.5, Longer: 80),
    new("equal, length-biased 0.5 by 100, challenger 150 longer", LengthBias: 0.5, Longer: 150),
];

Console.WriteLine($"{campaigns} campaigns each, seed {Seed}, budget {Campaigns.Budget} decisive judgements, {Campaigns.Plan}; the test looks after each prompt.");
Console.WriteLine("| scenario | promoted | futile | decisive judgements, mean | where promoted | with the length-controlled lower bound | with the length-controlled rate | Wald's test, each judgement | beta-binomial, each judgement |");
Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
foreach (var scenario in scenarios)
{
    var o = Campaigns.Run(scenario, campaigns, Seed);
    Console.WriteLine($"| {scenario.Name} | {o.Promoted:P2} | {o.Futile:P1} | {o.Decisive:0.0} | {(o.DecisiveWherePromoted is { } d ? $"{d:0.0}" : "none")} | {(o.Controlled is { } c ? $"{c:P2}" : "")} | {(o.ControlledByPoint is { } p ? $"{p:P2}" : "")} | {o.Wald:P2} | {o.BetaBinomial:P2} |");
}
