using System.Diagnostics;
using System.Globalization;
using Rlhf.Benchmarks;
using Rlhf.Experiments.Letters;
using Rlhf.Experiments.Ppo;
using Rlhf.Experiments.Rounds;

// The laws of over-optimization, measured. Every run is printed; what was measured of a seed is kept in STORE/results and not measured again.
// usage: Rlhf.Experiments STORE letters|ppo|rounds[,…]|all [SEED,SEED,…] [PRESETS]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string[] known = ["letters", "ppo", "rounds"];
var names = args.Length < 2 ? [] : args[1] == "all" ? known : args[1].Split(',');
if (args.Length is < 2 or > 4 || names.Except(known).Any())
{
    Console.Error.WriteLine($"usage: Rlhf.Experiments STORE {string.Join('|', known)}[,…]|all [SEED,SEED,…] [PRESETS]");
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
    if (name == "letters") LetterExperiment.Write(seeds);
    else if (name == "ppo") PpoTables.Write(await EachAsync(seed => PpoExperiment.RunAsync(world, preset, results, seed)));
    else RoundsExperiment.Write(await EachAsync(seed => RoundsExperiment.RunAsync(world, results, seed)));
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
