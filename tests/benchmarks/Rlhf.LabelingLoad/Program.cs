using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Rlhf.LabelingLoad;

// Many labelers at once against "rlhf serve" in a process of its own, which is killed once: how long a request takes, how long nothing is served, and whether every
// acknowledged judgement is there once. Arguments: the program's rlhf.dll, seconds, judgements a second, labelers.
var (program, seconds, rate, labelers) = (
    args.ElementAtOrDefault(0) ?? throw new ArgumentException("Expected rlhf.dll, then perhaps seconds, judgements a second, labelers."),
    Number(1, 120), Number(2, 50), Number(3, 200));
var store = Directory.CreateTempSubdirectory("rlhf-load-").FullName;
try
{
    var desk = new Desk(store);
    var keys = await desk.PrepareAsync(labelers, questions: rate * seconds * 5 / 4);
    var address = $"http://127.0.0.1:{FreePort()}";
    var server = await Server.StartAsync(program, store, address);
    var (clock, cpu) = (Stopwatch.StartNew(), Process.GetCurrentProcess().TotalProcessorTime);
    using var crowd = new Crowd(address, keys, rate);
    var labeling = crowd.LabelAsync(TimeSpan.FromSeconds(seconds));
    await Task.Delay(TimeSpan.FromSeconds(seconds / 2.0));
    var killed = crowd.Elapsed;
    var served = server.ProcessorTime;
    server.Kill();
    server = await Server.StartAsync(program, store, address);
    await labeling;
    served += server.ProcessorTime;
    var mine = Process.GetCurrentProcess().TotalProcessorTime - cpu;
    server.Kill();

    var back = crowd.Calls.Where(c => c.Started > killed && c.IsFirstTry).Select(c => c.Ended).DefaultIfEmpty(crowd.Elapsed).Min();
    Console.WriteLine($"{labelers} labelers, {rate} judgements a second for {seconds} s on {Environment.ProcessorCount} cores: {crowd.Acknowledged.Count} acknowledged, {crowd.Acknowledged.Count / clock.Elapsed.TotalSeconds:0.0} a second");
    foreach (var path in new[] { "answers", "assignments" })
    {
        var times = crowd.Calls.Where(c => c.Path == path && (c.Ended < killed || c.Started > back)).Select(c => (c.Ended - c.Started).TotalMilliseconds).Order().ToList();
        Console.WriteLine($"{path,-12} {times.Count,6} calls outside the outage: median {At(times, .5):0.0} ms, p95 {At(times, .95):0.0} ms, p99 {At(times, .99):0.0} ms, longest {times[^1]:0} ms");
    }
    Console.WriteLine($"killed after {killed.TotalSeconds:0.0} s: nothing was served for {(back - killed).TotalSeconds:0.0} s");
    Console.WriteLine($"processor: the load {mine / clock.Elapsed:0%} of one core, the server {served / clock.Elapsed:0%}");
    var wrong = await desk.WrongAsync(crowd.Acknowledged);
    Console.WriteLine(wrong.Count == 0 ? "every acknowledged judgement is there once" : $"WRONG: {string.Join(", ", wrong.Take(10))}");
    return wrong.Count == 0 ? 0 : 1;
}
finally
{
    Directory.Delete(store, recursive: true);
}

int Number(int place, int otherwise) => args.Length > place ? int.Parse(args[place], null) : otherwise;

static double At(List<double> sorted, double share) => sorted[(int)Math.Ceiling(share * sorted.Count) - 1];

static int FreePort()
{
    using var listener = new TcpListener(IPAddress.Loopback, 0);
    listener.Start();
    return ((IPEndPoint)listener.LocalEndpoint).Port;
}
