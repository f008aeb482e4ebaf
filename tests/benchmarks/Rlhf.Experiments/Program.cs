using System.Diagnostics;
using System.Globalization;
using Rlhf.Benchmarks;
using Rlhf.Experiments.Letters;
using Rlhf.Experiments.Ppo;
using Rlhf.Experiments.Rounds;

// The laws of over-optimization, measured. Every run is printed; what was measured of a seed is kept in STORE/results and not measured again.
// "all" is what the proofs are made of; pilots are named one by one.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string[] proofs = ["letters", .. PpoSettings.Committed.Select(s => s.Name), .. RoundsSettings.Committed.Select(s => s.Name)];
string[] pilots = [.. PpoSettings.Pilots.Select(s => s.Name), .. RoundsSettings.Pilots.Select(s => s.Name)];
var names = args.Length < 2 ? [] : args[1] == "all" ? proofs : args[1].Split(',');
if (args.Length is < 2 or > 4 || names.Except([.. proofs, .. pilots]).Any())
{
    Console.Error.WriteLine($"usage: Rlhf.Experiments STORE {string.Join('|', proofs)}[,…]|all [SEED,SEED,…] [PRESETS]\npilots, for seeds 101 to 104: {string.Join('|', pilots)}");
    return 2;
}
long[] seeds = args.Length > 2 ? [.. args[2].Split(',').Select(long.Parse)] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
var preset = Path.Combine(args.Length > 3 ? args[3] : Path.Combine("workflows", "presets"), "default.json");
var (world, results) = (new World(args[0]), Path.Combine(args[0], "results"));
await world.OpenAsync(preset);
foreach (var name in names)
{
    var clock = Stopwatch.StartNew();
    Console.WriteLine($"\n## {name}");
    if (PpoSettings.Committed.Concat(PpoSettings.Pilots).FirstOrDefault(s => s.Name == name) is { } ppo)
        PpoTables.Write(ppo, await EachAsync(seed => PpoExperiment.RunAsync(ppo, world, preset, results, seed)));
    else if (RoundsSettings.Committed.Concat(RoundsSettings.Pilots).FirstOrDefault(s => s.Name == name) is { } rounds)
        RoundsExperiment.Write(rounds, await EachAsync(seed => RoundsExperiment.RunAsync(rounds, world, results, seed)));
    else LetterExperiment.Write(seeds);
    Console.WriteLine($"\n{clock.Elapsed.TotalSeconds:0} s");
}
return 0;

async Task<IReadOnlyList<T>> EachAsync<T>(Func<long, Task<T>> runAsync)
{
    var done = new List<T>();
    foreach (var seed in seeds)
    {
        var clock = Stopwatch.StartNew();
        done.Add(await runAsync(seed));
        Console.Error.WriteLine($"seed {seed}: {clock.Elapsed.TotalSeconds:0} s");
    }
    return done;
}
