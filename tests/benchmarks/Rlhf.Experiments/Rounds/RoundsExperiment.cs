using Rlhf.Benchmarks;
using Rlhf.Steps.Json;
using static Rlhf.Experiments.Figures;

namespace Rlhf.Experiments.Rounds;

/// <summary>Whether rounds pay (proof 4): the same judgements and updates in one round or in four.</summary>
static class RoundsExperiment
{
    public static async Task<IReadOnlyList<ArmResult>> RunAsync(RoundsSetting setting, World world, string results, long seed)
    {
        var file = Path.Combine(results, $"{setting.Name}-{seed}.json");
        if (File.Exists(file)) return CanonicalJson.Deserialize<List<ArmResult>>(await File.ReadAllBytesAsync(file), file);
        var run = new ArmRun(world, await world.BaseAsync(seed, new() { Selection = [("budget", setting.Judgements)] }), setting);
        List<ArmResult> arms = [];
        foreach (var arm in setting.Arms) arms.Add(await run.RunAsync(arm));
        Directory.CreateDirectory(results);
        await File.WriteAllBytesAsync(file, CanonicalJson.Serialize(arms));
        return arms;
    }

    public static void Write(RoundsSetting setting, IReadOnlyList<IReadOnlyList<ArmResult>> seeds)
    {
        Head("arm", "seed", "gold before", "gold after", "proxy after", "KL of the last round, nats", "judgements", "seconds");
        foreach (var result in seeds.SelectMany(s => s))
            Row(result.Arm, $"{result.Seed}", Text(result.Before), Text(result.Gold), Text(result.Proxy, "0.00"), Text(result.Kl, "0.00"), $"{result.Judgements}", Text(result.Seconds, "0"));
        Console.WriteLine();
        // The first arm against one round, the others against it.
        for (var arm = 1; arm < setting.Arms.Length; arm++) Difference(arm, arm == 1 ? 0 : 1);

        void Difference(int arm, int to) => Console.WriteLine(
            $"{setting.Arms[arm].Name} less {setting.Arms[to].Name}: gold {Mean([.. seeds.Select(s => s[arm].Gold - s[to].Gold)], "+0.000;-0.000")}");
    }
}
