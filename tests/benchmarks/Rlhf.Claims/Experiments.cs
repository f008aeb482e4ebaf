using System.Text.Json.Nodes;
using Rlhf.Benchmarks;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Claims;

/// <summary>One run: the setting, and its figures in the order of the columns.</summary>
sealed record Row(string Setting, params double[] Values);

/// <summary>A claim as an experiment: its columns, and its runs for a seed.</summary>
sealed record Experiment(string[] Columns, Func<World, long, IAsyncEnumerable<Row>> RunAsync);

/// <summary>The grids are fixed here, before they are run.</summary>
static class Experiments
{
    // Five judgements of each comparison by labelers of twice the usual noise, so that many pairs are disputed.
    static readonly Changes Noisy = new() { Labelers = [("judgementsPerComparison", 5), ("simulatedNoise", 0.35)] };

    // A unit of gold score is all there is; 100 characters more seem worth a whole one.
    static readonly Changes LengthBiased = new() { Labelers = [("simulatedLengthBias", 1.0)] };

    public static IReadOnlyDictionary<string, Experiment> All { get; } = new Dictionary<string, Experiment>
    {
        ["kl"] = new(["KL coefficient", "seed", "final KL, nats", "gold after", "proxy after"], Kl),
        ["strength"] = new(["strength", "seed", "accuracy (gold)", "NLL", "calibration error"], (world, seed) => Treatment(world, seed, "strength", "Ignore", "Margin", "Weight", "Both")),
        ["agreement"] = new(["lowAgreement", "seed", "accuracy (gold)", "NLL", "calibration error"], (world, seed) => Treatment(world, seed, "lowAgreement", "Drop", "Bucket", "Downweight", "Hard")),
        ["pairs"] = new(["backbone, comparisons", "seed", "accuracy (gold)"], Pairs),
        ["backbone"] = new(["backbone", "seed", "accuracy (gold)", "gold gain", "seconds per 1,000 scores", "parameters"], Backbone),
        ["length"] = new(["remedy", "seed", "tokens before", "tokens after", "gold before", "gold after", "score-length correlation"], Length),
        ["ensembles"] = new(["scores", "seed", "proxy after", "gold before", "gold after", "KL"], Ensembles),
        ["defaults"] = new(["labelers, strength, lowAgreement", "seed", "accuracy (gold)", "NLL", "calibration error"], Defaults),
        ["selection"] = new(["strategy, comparisons", "seed", "accuracy (gold)"], ActiveSelection),
        ["selection-early"] = new(["strategy, comparisons", "seed", "accuracy (gold)"], EarlySelection),
        ["adapter"] = new(["trained", "seed", "gold before", "gold after", "KL", "trained weights"], AdapterRuns),
        ["axes"] = new(["reward", "seed", "helpfulness before", "after", "safety before", "after"], Axes),
    };

    static async IAsyncEnumerable<Row> Kl(World world, long seed)
    {
        var given = await world.BaseAsync(seed);
        var rewardModel = Text(await world.RewardModelAsync(given), "rewardModel");
        foreach (var coefficient in new[] { 0.01, 0.03, 0.1 })
        {
            var trained = await world.PpoAsync(given, rewardModel, ("klCoefficient", coefficient));
            var gold = await world.GoldAsync(given, Text(trained, "policy"));
            yield return new($"{coefficient}", Value(trained, "sequenceKl"), gold.Preference, Value(trained, "proxyAfter"));
        }
    }

    static async IAsyncEnumerable<Row> Treatment(World world, long seed, string name, params string[] settings)
    {
        var given = await world.BaseAsync(seed, Noisy);
        foreach (var setting in settings)
        {
            var rewardModel = Text(await world.RewardModelAsync(given, (name, setting)), "rewardModel");
            var card = await world.CardAsync(given, rewardModel);
            yield return new(setting, await world.GoldAccuracyAsync(given, rewardModel), card.NegativeLogLikelihood, card.Calibration.Ece);
        }
    }

    static async IAsyncEnumerable<Row> Pairs(World world, long seed)
    {
        var whole = await world.BaseAsync(seed);
        // A vanishing rate: the architecture without what the supervised training taught it.
        var untrained = await world.RunAsync("PreparePolicy", "policy", ("seed", seed), ("texts", 4000), ("learningRate", 1e-7));
        foreach (var budget in new[] { 32, 64, 125, 250, 500, 1000, 2000, 3500 })
        {
            // Held-out pairs of the whole set for all: only what is trained on becomes less.
            var few = whole with { Preferences = await Limited(world, whole, budget) };
            foreach (var (name, backbone) in new[] { ("supervised", whole.Policy), ("untrained", untrained) })
            {
                var rewardModel = Text(await world.RewardModelAsync(few, backbone), "rewardModel");
                yield return new($"{name}, {budget}", await world.GoldAccuracyAsync(whole, rewardModel));
            }
        }
    }

    static async Task<string> Limited(World world, Base whole, int budget) =>
        budget == 3500 ? whole.Preferences
        : await world.PreferencesAsync(whole.Completions, whole.Prompts, whole.Seed, new() { Selection = [("budget", budget)] });

    static async IAsyncEnumerable<Row> Backbone(World world, long seed)
    {
        var given = await world.BaseAsync(seed);
        var before = (await world.GoldAsync(given, given.Policy)).Preference;
        var quarter = await world.RunAsync("PreparePolicy", "policy", ("seed", seed), ("hiddenSize", 32), ("intermediateSize", 88), ("heads", 4), ("keyValueHeads", 2));
        foreach (var (name, backbone) in new[] { ("as large as the policy", given.Policy), ("a quarter", quarter) })
        {
            var rewardModel = Text(await world.RewardModelAsync(given, backbone), "rewardModel");
            var trained = await world.PpoAsync(given, rewardModel);
            var gold = (await world.GoldAsync(given, Text(trained, "policy"))).Preference;
            var (seconds, parameters) = await Scoring.MeasureAsync(world.Artifacts, ArtifactRef.Parse(rewardModel), given);
            yield return new(name, await world.GoldAccuracyAsync(given, rewardModel), gold - before, seconds, parameters);
        }
    }

    static async IAsyncEnumerable<Row> Length(World world, long seed)
    {
        var given = await world.BaseAsync(seed, LengthBiased);
        var before = await world.GoldAsync(given, given.Policy);
        (string Name, (string, JsonNode?)[] RewardModel, (string, JsonNode?)[] Ppo)[] remedies =
        [
            ("none", [], []),
            ("residual", [("lengthTreatment", "Residual")], []),
            ("normalized", [("lengthTreatment", "Normalized")], []),
            ("length-balanced pairs", [("lengthBalanced", true)], []),
            ("penalty 0.05 a token", [], [("lengthPenalty", 0.05)]),
        ];
        foreach (var (name, rewardHParams, ppoHParams) in remedies)
        {
            var rewardModel = Text(await world.RewardModelAsync(given, rewardHParams), "rewardModel");
            var card = await world.CardAsync(given, rewardModel);
            var after = await world.GoldAsync(given, Text(await world.PpoAsync(given, rewardModel, ppoHParams), "policy"));
            yield return new(name, before.Tokens, after.Tokens, before.Preference, after.Preference, card.Length.Correlation ?? double.NaN);
        }
    }

    static async IAsyncEnumerable<Row> Ensembles(World world, long seed)
    {
        // A quarter of the judgements and hardly any KL penalty: the proxy breaks before the policy does.
        var given = await world.BaseAsync(seed, new() { Selection = [("budget", 900)] });
        var before = (await world.GoldAsync(given, given.Policy)).Preference;
        var one = Text(await world.RewardModelAsync(given), "rewardModel");
        var five = Text(await world.RewardModelAsync(given, ("members", 5)), "rewardModel");
        (string Name, string RewardModel, (string, JsonNode?)[] Ppo)[] settings =
        [
            ("one member", one, []),
            ("mean of five", five, []),
            ("worst of five", five, [("ensemble", "Worst")]),
            ("mean less variance", five, [("ensemble", "Uncertainty"), ("ensembleCoefficient", 1.0)]),
        ];
        foreach (var (name, rewardModel, ppo) in settings)
        {
            var trained = await world.PpoAsync(given, rewardModel, [("klCoefficient", 0.002), ("updates", 80), .. ppo]);
            yield return new(name, Value(trained, "proxyAfter"), before, (await world.GoldAsync(given, Text(trained, "policy"))).Preference, Value(trained, "sequenceKl"));
        }
    }

    // What strength and lowAgreement do best alone, together, and with labelers of the usual noise who judge each comparison once.
    static async IAsyncEnumerable<Row> Defaults(World world, long seed)
    {
        foreach (var (labelers, changes) in new[] { ("usual", new Changes()), ("noisy", Noisy) })
        {
            var given = await world.BaseAsync(seed, changes);
            foreach (var (strength, agreement) in new[] { ("Ignore", "Bucket"), ("Margin", "Bucket"), ("Both", "Bucket"), ("Both", "Downweight"), ("Margin", "Downweight") })
            {
                var rewardModel = Text(await world.RewardModelAsync(given, ("strength", strength), ("lowAgreement", agreement)), "rewardModel");
                var card = await world.CardAsync(given, rewardModel);
                yield return new($"{labelers}, {strength}, {agreement}", await world.GoldAccuracyAsync(given, rewardModel), card.NegativeLogLikelihood, card.Calibration.Ece);
            }
        }
    }

    // 300 comparisons that are drawn, an ensemble of three on them, and then more of fresh completions, half of them by the strategy. For ten seeds.
    static IAsyncEnumerable<Row> ActiveSelection(World world, long seed) => ActiveSelection(world, seed, 250, 500, 1000);

    // The same where the curve is still steep: how many comparisons a strategy saves on the way to the uniform curve's end.
    static IAsyncEnumerable<Row> EarlySelection(World world, long seed) => ActiveSelection(world, seed, 25, 50, 100, 150);

    static async IAsyncEnumerable<Row> ActiveSelection(World world, long seed, params int[] budgets)
    {
        var given = await world.BaseAsync(seed);
        var first = await world.PreferencesAsync(given.Completions, given.Prompts, seed, new() { Selection = [("budget", 300)] });
        var ensemble = Text(await world.RewardModelAsync(given with { Preferences = first }, ("members", 3)), "rewardModel");
        var pool = await world.RunAsync("SampleCompletions", "completions", ("policy", given.Policy), ("prompts", given.Prompts), ("seed", seed + 5000));
        foreach (var budget in budgets)
        {
            foreach (var strategy in new[] { "uniform", "uniform, one cluster", "disagreement", "informationGain", "smallGap" })
            {
                (string, JsonNode?)[] selection = [("budget", budget), ("policy", given.Policy), ("rewardModel", ensemble)];
                if (strategy == "uniform, one cluster") selection = [.. selection, ("clusters", 1)];
                else if (strategy != "uniform") selection = [.. selection, (strategy, 0.5)];
                var more = await world.PreferencesAsync(pool, given.Prompts, seed + 5000, new() { Selection = selection }, first);
                var rewardModel = Text(await world.RewardModelAsync(given with { Preferences = more }), "rewardModel");
                yield return new($"{strategy}, {budget}", await world.GoldAccuracyAsync(given, rewardModel));
            }
        }
    }

    static async IAsyncEnumerable<Row> AdapterRuns(World world, long seed)
    {
        var given = await world.BaseAsync(seed);
        var before = (await world.GoldAsync(given, given.Policy)).Preference;
        var rewardModel = Text(await world.RewardModelAsync(given), "rewardModel");
        foreach (var (rank, learningRate) in new[] { (0, 5e-4), (4, 5e-4), (4, 2e-3), (16, 5e-4), (16, 2e-3) })
        {
            var trained = await world.PpoAsync(given, rewardModel, ("loraRank", rank), ("loraAlpha", 2.0 * Math.Max(rank, 1)), ("learningRate", learningRate));
            var policy = Text(trained, "policy");
            var name = rank == 0 ? "all weights" : $"adapter of rank {rank}";
            yield return new(
                $"{name}, {learningRate}", before, (await world.GoldAsync(given, policy)).Preference, Value(trained, "sequenceKl"),
                await Scoring.TrainedAsync(world.Artifacts, ArtifactRef.Parse(policy)));
        }
    }

    static async IAsyncEnumerable<Row> Axes(World world, long seed)
    {
        var helpful = await world.BaseAsync(seed, new() { Selection = [("axis", "helpfulness")] });
        var safety = helpful with { Preferences = await world.PreferencesAsync(helpful.Completions, helpful.Prompts, seed, new() { Selection = [("axis", "safety")] }) };
        var pooled = helpful with { Preferences = await world.PreferencesAsync(helpful.Completions, helpful.Prompts, seed, new() { Selection = [("axis", "safety")] }, helpful.Preferences) };
        var before = await world.GoldAsync(helpful, helpful.Policy);
        var help = Text(await world.RewardModelAsync(helpful), "rewardModel");
        var safe = Text(await world.RewardModelAsync(safety), "rewardModel");
        var mixed = Text(await world.RewardModelAsync(pooled), "rewardModel");
        (string Name, string RewardModel, (string, JsonNode?)[] Ppo)[] settings =
        [
            ("one model on both axes' pairs", mixed, []),
            ("two models, weighted 0.5", help, [("safetyRewardModel", safe), ("axesRule", "Weighted")]),
            ("two models, worst of", help, [("safetyRewardModel", safe), ("axesRule", "Worst")]),
            ("two models, safety first", help, [("safetyRewardModel", safe), ("axesRule", "SafetyFirst"), ("safetyThreshold", 0.0)]),
        ];
        foreach (var (name, rewardModel, ppo) in settings)
        {
            var after = await world.GoldAsync(helpful, Text(await world.PpoAsync(helpful, rewardModel, ppo), "policy"));
            yield return new(name, before.Preference, after.Preference, before.Safety, after.Safety);
        }
    }

    static string Text(JsonObject outputs, string name) => $"{outputs[name]}";

    static double Value(JsonObject outputs, string name) => outputs[name]!.GetValue<double>();
}
