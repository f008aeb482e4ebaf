using System.Diagnostics;
using System.Globalization;
using Rlhf.Benchmarks;
using Rlhf.Claims;

// What the literature claims, measured on the default preset with simulated labelers; every row is a run, the last rows are means.
// usage: Rlhf.Claims STORE EXPERIMENT[,EXPERIMENT…]|all [SEED,SEED,…]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length is < 2 or > 3)
{
    Console.Error.WriteLine($"usage: Rlhf.Claims STORE EXPERIMENT[,EXPERIMENT]|all [SEED,SEED]; experiments: {string.Join(", ", Experiments.All.Keys)}");
    return 2;
}
var names = args[1] == "all" ? [.. Experiments.All.Keys] : args[1].Split(',');
if (names.FirstOrDefault(n => !Experiments.All.ContainsKey(n)) is { } unknown)
{
    Console.Error.WriteLine($"'{unknown}' is no experiment; expected {string.Join(", ", Experiments.All.Keys)}.");
    return 2;
}
long[] seeds = args.Length == 3 ? [.. args[2].Split(',').Select(long.Parse)] : [1, 2, 3];
var world = new World(args[0]);
await world.OpenAsync(Path.Combine(Root(), "workflows", "presets", "default.json"));
foreach (var name in names)
{
    var clock = Stopwatch.StartNew();
    Console.WriteLine($"\n## {name}\n\n| {string.Join(" | ", Experiments.All[name].Columns)} |\n|{string.Concat(Experiments.All[name].Columns.Select(_ => "---|"))}");
    var rows = new List<Row>();
    foreach (var seed in seeds)
    {
        await foreach (var row in Experiments.All[name].RunAsync(world, seed))
        {
            rows.Add(row);
            Console.WriteLine($"| {row.Setting} | {seed} | {string.Join(" | ", row.Values.Select(v => World.Number(v)))} |");
        }
    }
    foreach (var setting in rows.GroupBy(r => r.Setting))
        Console.WriteLine($"| **{setting.Key}** | mean | {string.Join(" | ", Enumerable.Range(0, setting.First().Values.Length).Select(i => World.Number(setting.Average(r => r.Values[i]))))} |");
    Console.WriteLine($"\n{clock.Elapsed.TotalSeconds:0} s");
}
return 0;

static string Root()
{
    var folder = AppContext.BaseDirectory;
    while (!File.Exists(Path.Combine(folder, "Pipeline.sln")))
        folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Pipeline.sln is in no folder above the program; expected to run from a checkout.");
    return folder;
}
