using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Rlhf.Memory;
using Rlhf.Pipeline.Planning;

// Memory and time of training steps on models of GPT-2's size. Usage: dotnet run -c Release --project tests/benchmarks/Rlhf.Memory [ROW]
// Every row is a process of its own, so that none inherits another's heap; with ROW, its number from 0, only that one is measured, in this process.
const long LimitMegabytes = 20_000;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (!OperatingSystem.IsLinux())
{
    Console.Error.WriteLine("Rlhf.Memory reads /proc, which only Linux has.");
    return 2;
}
if (args is ["model", var folder, var tokenizer]) return LargeRound.WriteModel(folder, tokenizer);
if (args is ["answer", var questions, var answers]) return LargeRound.Answer(questions, answers);
if (args is [var number] && int.TryParse(number, out var row) && row >= 0 && row < Row.All.Count) return Measure(Row.All[row]);
if (args.Length > 0)
{
    Console.Error.WriteLine($"Usage: Rlhf.Memory [ROW | model DIR TOKENIZER-DIR | answer QUESTIONS ANSWERS], where ROW is 0 to {Row.All.Count - 1}.");
    return 2;
}

Console.WriteLine("step | MB before | MB at most | planned | seconds | planned | weights after");
Console.WriteLine("---|---:|---:|---:|---:|---:|---");
_ = Rlhf.Learning.Native.TorchDevice.Parse("cpu");
var process = ResidentMemory.Megabytes("VmRSS") * 1_000_000;
var failed = 0;
for (var i = 0; i < Row.All.Count; i++)
{
    var planned = Plan(Row.All[i], process);
    using var child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, i.ToString(CultureInfo.InvariantCulture)) { RedirectStandardOutput = true })!;
    var measured = (await child.StandardOutput.ReadToEndAsync()).Trim().Split(" | ");
    await child.WaitForExitAsync();
    if (child.ExitCode != 0 || measured.Length != 5) failed++;
    else Console.WriteLine(string.Join(" | ", measured[0], measured[1], measured[2], $"{planned.Bytes / 1e6:#,0}", measured[3], $"{planned.Seconds:0.0}", measured[4]));
}
return failed == 0 ? 0 : 1;

static StepPlan Plan(Row row, long process)
{
    var plans = new RoundMemory(Models.Config, row.Texts, process).Of(row.HParams);
    return new RoundTime(Models.Config, row.Texts, TorchSharp.torch.CPU).Add(plans, row.HParams, CancellationToken.None).Single(p => p.Step == row.Step);
}

static int Measure(Row row)
{
    using var step = row.Start();
    GC.Collect();
    var reset = ResidentMemory.ResetPeak();
    var before = ResidentMemory.Megabytes("VmRSS");
    var clock = Stopwatch.StartNew();
    step.Run();
    var seconds = clock.Elapsed.TotalSeconds;
    var peak = ResidentMemory.Megabytes("VmHWM");
    // Equal where two rows are to differ in memory alone.
    var digest = Convert.ToHexStringLower(SHA256.HashData(step.Weights()))[..8];
    Console.WriteLine($"{row.Name} | {before:#,0} | {peak:#,0}{(reset ? "" : " (with its preparation)")} | {seconds:0.0} | {digest}");
    if (peak < LimitMegabytes) return 0;
    Console.Error.WriteLine($"'{row.Name}' took {peak:#,0} MB; expected less than {LimitMegabytes:#,0}.");
    return 1;
}
