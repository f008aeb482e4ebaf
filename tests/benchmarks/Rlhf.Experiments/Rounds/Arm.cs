using System.Text.Json.Nodes;
using Rlhf.Benchmarks;

namespace Rlhf.Experiments.Rounds;

/// <summary>One way to spend the same judgements and the same updates.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Rounds">How many rounds share them equally.</param>
/// <param name="FromPrevious">Whether a reward model's decoder goes on from the last round's, instead of the supervised policy's.</param>
/// <param name="ToChampion">Whether the KL is measured to the policy that a round starts from, instead of the supervised one.</param>
sealed record Arm(string Name, int Rounds, bool FromPrevious = false, bool ToChampion = false);

/// <summary>What an arm came to.</summary>
/// <param name="Gold">Mean gold after the last round.</param>
/// <param name="Kl">The last round's, to its reference, in nats.</param>
/// <param name="Judgements">How many were asked for, training and held out.</param>
sealed record ArmResult(string Arm, long Seed, double Before, double Gold, double Proxy, double Kl, int Judgements, double Seconds);

/// <summary>Rounds without a gate: each starts from the policy that the last one trained, and asks about its completions.</summary>
sealed class ArmRun(World world, Base given, RoundsSetting setting)
{
    public async Task<ArmResult> RunAsync(Arm arm)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var (policy, rewardModel, preferences, trained) = (given.Policy, given.Policy, (string?)null, new JsonObject());
        var budget = setting.Judgements / arm.Rounds;
        for (var round = 1; round <= arm.Rounds; round++)
        {
            var seed = given.Seed + 10_000 * round;
            var completions = await world.RunAsync(
                "SampleCompletions", "completions", ("policy", policy), ("prompts", given.Prompts), ("seed", seed), ("trainPrompts", budget), ("heldOutPrompts", Math.Max(1, budget / 6)));
            preferences = await world.PreferencesAsync(completions, given.Prompts, seed, new() { Selection = [("budget", budget)] }, preferences);
            var backbone = arm.FromPrevious ? rewardModel : given.Policy;
            rewardModel = $"{(await world.RewardModelAsync(given with { Preferences = preferences, Seed = seed }, backbone))["rewardModel"]}";
            trained = await world.RunAsync(
                "TrainPolicy",
                [("policy", policy), ("reference", arm.ToChampion ? policy : given.Policy), ("rewardModel", rewardModel), ("prompts", given.Prompts),
                ("seed", seed), ("updates", setting.Updates / arm.Rounds), .. setting.Changes]);
            policy = $"{trained["policy"]}";
        }
        var (before, after) = (await world.GoldAsync(given, given.Policy), await world.GoldAsync(given, policy));
        return new(
            arm.Name, given.Seed, before.Preference, after.Preference, trained["proxyAfter"]!.GetValue<double>(), trained["sequenceKl"]!.GetValue<double>(),
            budget * arm.Rounds, clock.Elapsed.TotalSeconds);
    }
}
