using System.Diagnostics;
using System.Globalization;
using Rlhf.ScoringLoad;

// A server of reward models beside the same model in process, on the same texts in the same run: rounds of a few seconds each, in turns, so that what else the machine does
// falls on all alike. With texts of 12 to 56 tokens, as rollouts of the presets for small models have, and of 20 to 120. "passes" alone prints what passes of a model cost. Arguments: the program's rlhf.dll, rounds, clients, requests of the long run, number of the only shape, options of the server that batches.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var (program, rounds, clients, requests) = (
    args.ElementAtOrDefault(0) ?? throw new ArgumentException("Expected rlhf.dll, then perhaps rounds, clients, requests of the long run."), Number(1, 8), Number(2, 32), Number(3, 50_000));
const double Seconds = 1.5;
var store = Directory.CreateTempSubdirectory("rlhf-load-").FullName;
if (args is ["passes"])
{
    Passes.Print();
    return 0;
}
Console.WriteLine($"{Environment.ProcessorCount} cores, load before: {File.ReadAllText("/proc/loadavg").Trim()}");
try
{
    foreach (var (_, shape) in Shape.All.Index().Where(s => args.Length < 5 || s.Index == Number(4, 0))) await CompareAsync(shape);
    if (requests > 0) await EndureAsync(Shape.All[0]);
}
finally
{
    Directory.Delete(store, recursive: true);
}
return 0;

async Task CompareAsync(Shape shape)
{
    using var model = shape.Make();
    var artifact = await Shape.PutAsync(model, store);
    using var batching = await Server.StartAsync(program, store, $"{artifact}", [.. args.Skip(5)]);
    using var alone = await Server.StartAsync(program, store, $"{artifact}", "--no-batching");
    using var sideBySide = await Server.StartAsync(program, store, $"{artifact}", "--no-batching", "--pass-threads", "1");
    await CompareTextsAsync(shape, model, shape.Sequences(model, 12, 56), batching, alone, sideBySide);
    await CompareTextsAsync(shape, model, shape.Sequences(model, 20, 120), batching, alone, sideBySide);
}

async Task CompareTextsAsync(Shape shape, Rlhf.Learning.Rewards.RewardModel model, IReadOnlyList<Rlhf.Learning.Rewards.ScoredText> texts, Server batching, Server alone, Server sideBySide)
{
    var expected = model.Score(texts, 64, default);
    Console.WriteLine($"{shape.Name}: {texts.Count} texts of {texts.Average(t => t.Tokens.Length):0} tokens, {clients} clients with one prompt each");
    var (direct, cost, served, single, apart) = (new List<double>(), new List<double>(), new List<Seen>(), new List<Seen>(), new List<Seen>());
    // The first round warms up and is not counted.
    for (var round = 0; round <= rounds; round++)
    {
        var (rate, microseconds) = InProcess(model, texts);
        var (one, other, each) = (await ServedAsync(batching, texts, expected), await ServedAsync(alone, texts, expected), await ServedAsync(sideBySide, texts, expected));
        if (round == 0) continue;
        direct.Add(rate);
        cost.Add(microseconds);
        served.Add(one);
        single.Add(other);
        apart.Add(each);
        Console.WriteLine($"  round {round}: in process {rate,7:0.0} texts/s, served {one.PerSecond,7:0.0} ({one.PerSecond / rate:0%}), without batching {other.PerSecond,7:0.0} ({one.PerSecond / other.PerSecond:0.00}x), that on a core each {each.PerSecond,7:0.0} ({one.PerSecond / each.PerSecond:0.00}x)");
    }
    Console.WriteLine(
        $"  median: served {Median(served.Zip(direct, (s, d) => s.PerSecond / d)):0.0%} of in process; batching {Median(served.Zip(single, (s, a) => s.PerSecond / a.PerSecond)):0.00}x of batching off, {Median(served.Zip(apart, (s, a) => s.PerSecond / a.PerSecond)):0.00}x of that with a core for each text; "
        + $"p50 {Median(served.Select(s => s.At(.5))):0.0} ms, p99 {Median(served.Select(s => s.At(.99))):0.0} ms (off: p99 {Median(single.Select(s => s.At(.99))):0.0} ms)");
    Console.WriteLine(
        $"  processor while served: clients {Median(served.Select(s => s.Own / s.Took)):0%} of a core ({Median(served.Select(s => s.Own.TotalMicroseconds / s.Texts)):0} µs a request), "
        + $"server {Median(served.Select(s => s.Servers / s.Took)):0%} ({Median(served.Select(s => s.Servers.TotalMicroseconds / s.Texts)):0} µs)");
    // Other work on the machine makes a text take longer, and hardly makes it cost more.
    Console.WriteLine(
        $"  processor time of a text: in process {Median(cost):0} µs, served {Median(served.Select(s => s.Servers.TotalMicroseconds / s.Texts)):0} µs ({Median(cost.Zip(served, (c, s) => c / (s.Servers.TotalMicroseconds / s.Texts))):0.0%}), "
        + $"batching off {Median(single.Select(s => s.Servers.TotalMicroseconds / s.Texts)):0} µs (batching {Median(single.Zip(served, (a, s) => a.Servers.TotalMicroseconds / a.Texts / (s.Servers.TotalMicroseconds / s.Texts))):0.00}x)");
    Console.WriteLine($"  by the cores that the clients leave: served {Median(served.Zip(direct, (s, d) => s.PerSecond / (d * (1 - s.Own / s.Took / Environment.ProcessorCount)))):0.0%} of in process");
}

(double PerSecond, double Microseconds) InProcess(Rlhf.Learning.Rewards.RewardModel model, IReadOnlyList<Rlhf.Learning.Rewards.ScoredText> texts)
{
    var (clock, cpu, done) = (Stopwatch.StartNew(), Process.GetCurrentProcess().TotalProcessorTime, 0);
    // In the size of a small rollout, as PPO asks.
    foreach (var rollout in Enumerable.Repeat(texts.Chunk(256), int.MaxValue).SelectMany(all => all))
    {
        model.Score(rollout, 64, default);
        done += rollout.Length;
        if (clock.Elapsed.TotalSeconds > Seconds) break;
    }
    return (done / clock.Elapsed.TotalSeconds, (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMicroseconds / done);
}

Task<Seen> ServedAsync(Server server, IReadOnlyList<Rlhf.Learning.Rewards.ScoredText> texts, float[] expected)
{
    var clock = Stopwatch.StartNew();
    return Crowd.AskAsync(server, texts, expected, clients, _ => clock.Elapsed.TotalSeconds < Seconds);
}

async Task EndureAsync(Shape shape)
{
    using var model = shape.Make();
    var texts = shape.Sequences(model, 12, 56);
    var expected = model.Score(texts, 64, default);
    using var server = await Server.StartAsync(program, store, $"{await Shape.PutAsync(model, store)}");
    Console.WriteLine($"{requests:#,0} requests in a row ({shape.Name}), resident memory of the server:");
    for (var part = 0; part < 10; part++)
    {
        var seen = await Crowd.AskAsync(server, texts, expected, clients, place => place < requests / 10);
        Console.WriteLine($"  after {(part + 1) * (requests / 10),7:#,0}: {server.ResidentBytes / 1e6:0} MB, {seen.PerSecond:0} requests/s, p99 {seen.At(.99):0.0} ms");
    }
}

int Number(int place, int otherwise) => args.Length > place ? int.Parse(args[place], null) : otherwise;

static double Median(IEnumerable<double> values)
{
    var sorted = values.Order().ToList();
    return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;
}
