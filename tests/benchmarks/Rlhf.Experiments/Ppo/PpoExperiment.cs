using System.Diagnostics;
using System.Text.Json.Nodes;
using Rlhf.Benchmarks;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Experiments.Ppo;

/// <summary>
/// PPO on the default preset with KL coefficient 0 (proofs 2 and 3). So that the reward model errs and the way there can be seen: 200 judgements instead of
/// 3,500, a fifth of the learning rate, held constant, and 100 updates. Fixed here before it is run, on other seeds than those that it was chosen on.
/// </summary>
static class PpoExperiment
{
    public const int Budget = 200;

    /// <summary>KL, in nats, at which a snapshot is kept.</summary>
    public static readonly double[] Grid = [0.2, 0.4, 0.7, 1, 1.3, 1.6, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 15, 20, 26, 33, 42, 54, 70, 90];

    /// <summary>Held-out prompts, two completions each: 1,000 samples for gold, and 1,000 fresh ones.</summary>
    public const int Prompts = 500;

    static readonly (string, JsonNode)[] Changes = [("klCoefficient", 0.0), ("learningRate", 1e-4), ("learningRateAnneal", "Constant"), ("updates", 100)];

    public static async Task<PpoRun> RunAsync(World world, string preset, string results, long seed)
    {
        var file = Path.Combine(results, $"ppo-{seed}.json");
        if (File.Exists(file)) return CanonicalJson.Deserialize<PpoRun>(await File.ReadAllBytesAsync(file), file);
        var clock = Stopwatch.StartNew();
        var given = await world.BaseAsync(seed, new() { Selection = [("budget", Budget)] });
        var rewardModel = ArtifactRef.Parse($"{(await world.RewardModelAsync(given))["rewardModel"]}");
        var section = JsonNode.Parse(await File.ReadAllTextAsync(preset))![nameof(TrainPolicy)]!.AsObject();
        foreach (var (name, value) in Changes) section[name] = value.DeepClone();
        var snapshots = await SnapshotTraining.RunAsync(
            world.Artifacts, ArtifactRef.Parse(given.Policy), rewardModel, ArtifactRef.Parse(given.Prompts), RecordBinding.Bind<TrainPolicy.HParams>(section, preset), Grid, seed);
        var measuring = new SnapshotMeasuring(world, given, rewardModel, Prompts);
        var points = new List<Measured>();
        foreach (var snapshot in snapshots) points.Add(await measuring.MeasureAsync(snapshot));
        PpoRun run = new(seed, await world.GoldAccuracyAsync(given, $"{rewardModel}"), clock.Elapsed.TotalSeconds, points);
        Directory.CreateDirectory(results);
        await File.WriteAllBytesAsync(file, CanonicalJson.Serialize(run));
        return run;
    }
}
