using System.Diagnostics;
using System.Text.Json.Nodes;
using Rlhf.Benchmarks;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Experiments.Ppo;

/// <summary>PPO on the default preset with the changes of a setting (proofs 2 and 3).</summary>
static class PpoExperiment
{
    public static async Task<PpoRun> RunAsync(PpoSetting setting, World world, string preset, string results, long seed)
    {
        var file = Path.Combine(results, $"{setting.Name}-{seed}.json");
        if (File.Exists(file)) return CanonicalJson.Deserialize<PpoRun>(await File.ReadAllBytesAsync(file), file);
        var clock = Stopwatch.StartNew();
        var given = await world.BaseAsync(seed, new() { Selection = [("budget", setting.Judgements)] });
        var rewardModel = ArtifactRef.Parse($"{(await world.RewardModelAsync(given))["rewardModel"]}");
        var section = JsonNode.Parse(await File.ReadAllTextAsync(preset))![nameof(TrainPolicy)]!.AsObject();
        foreach (var (name, value) in setting.Changes) section[name] = value.DeepClone();
        var snapshots = await SnapshotTraining.RunAsync(
            world.Artifacts, ArtifactRef.Parse(given.Policy), rewardModel, ArtifactRef.Parse(given.Prompts), RecordBinding.Bind<TrainPolicy.HParams>(section, preset), setting.Grid, seed);
        var measuring = new SnapshotMeasuring(world, given, rewardModel, setting.Prompts);
        var points = new List<Measured>();
        foreach (var snapshot in snapshots) points.Add(await measuring.MeasureAsync(snapshot));
        PpoRun run = new(seed, await world.GoldAccuracyAsync(given, $"{rewardModel}"), clock.Elapsed.TotalSeconds, points);
        Directory.CreateDirectory(results);
        await File.WriteAllBytesAsync(file, CanonicalJson.Serialize(run));
        return run;
    }
}
