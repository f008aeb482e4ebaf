using Rlhf.Benchmarks;
using Rlhf.Steps.Json;
using static Rlhf.Experiments.Figures;

namespace Rlhf.Experiments.Rounds;

/// <summary>Whether rounds pay (proof 4): the same judgements and updates of the default preset in one round or in four. Fixed here before it is run.</summary>
static class RoundsExperiment
{
    public const int Judgements = 400, Updates = 40;

    static readonly Arm[] Arms =
    [
        new("one round", 1), new("four rounds", 4), new("four rounds, reward model from the last one", 4, FromPrevious: true), new("four rounds, KL to the champion", 4, ToChampion: true),
    ];

    public static async Task<IReadOnlyList<ArmResult>> RunAsync(World world, string results, long seed)
    {
        var file = Path.Combine(results, $"rounds-{seed}.json");
        if (File.Exists(file)) return CanonicalJson.Deserialize<List<ArmResult>>(await File.ReadAllBytesAsync(file), file);
        var run = new ArmRun(world, await world.BaseAsync(seed, new() { Selection = [("budget", Judgements)] }), Judgements, Updates);
        List<ArmResult> arms = [];
        foreach (var arm in Arms) arms.Add(await run.RunAsync(arm));
        Directory.CreateDirectory(results);
        await File.WriteAllBytesAsync(file, CanonicalJson.Serialize(arms));
        return arms;
    }

    public static void Write(IReadOnlyList<IReadOnlyList<ArmResult>> seeds)
    {
        Head("arm", "seed", "gold before", "gold after", "proxy after", "KL of the last round, nats", "judgements", "seconds");
        foreach (var result in seeds.SelectMany(s => s))
            Row(result.Arm, $"{result.Seed}", Text(result.Before), Text(result.Gold), Text(result.Proxy, "0.00"), Text(result.Kl, "0.00"), $"{result.Judgements}", Text(result.Seconds, "0"));
        Console.WriteLine();
        Difference(1, 0);
        Difference(2, 1);
        Difference(3, 1);

        void Difference(int arm, int to) => Console.WriteLine(
            $"{Arms[arm].Name} less {Arms[to].Name}: gold {Mean([.. seeds.Select(s => s[arm].Gold - s[to].Gold)], "+0.000;-0.000")}");
    }
}
