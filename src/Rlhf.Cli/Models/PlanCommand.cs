using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Workflows;
using Rlhf.Learning.Native;
using Rlhf.Pipeline.Planning;
using Rlhf.Steps.Running;
using TorchSharp;

namespace Rlhf.Cli.Models;

/// <summary>What <c>rlhf models plan</c> was asked for.</summary>
sealed record PlanOptions(string Policy, string Preset, string? Prompts, int PromptTokens, double? Memory, bool NoTime, bool Json);

/// <summary><c>rlhf models plan</c>: memory and time of a round's steps before it starts.</summary>
static class PlanCommand
{
    /// <exception cref="InvalidOperationException">A step does not fit; says with which hparams it would.</exception>
    public static async Task<int> RunAsync(Workspace workspace, PlanOptions options, CancellationToken cancellationToken)
    {
        if (options.PromptTokens < 1) throw new ArgumentException($"--prompt-tokens is {options.PromptTokens}; expected at least 1.");
        if (options.Memory is { } given && given is not (> 0 and <= 1e6)) throw new ArgumentException($"--memory is {given}; expected gigabytes above 0, at most 1000000.");
        if (options.Prompts is not null && !File.Exists(options.Prompts)) throw new ArgumentException($"'{options.Prompts}' is no file; expected prompts (.txt, .jsonl, .json).");
        var hparams = await HParamsAsync(workspace, options.Preset, cancellationToken);
        var model = PlannedModel.Read(options.Policy, options.Prompts, options.PromptTokens);
        var device = TorchDevice.FromEnvironment();
        var limit = Limit(options.Memory, device);
        // On a GPU the program's own memory is not the device's.
        var memory = new RoundMemory(model.Config, model.Texts, device.type == DeviceType.CPU ? Environment.WorkingSet : 0);
        var plans = memory.Of(hparams);
        var remedies = plans.Where(p => p.Bytes > limit).Select(p => new Remedies(memory, limit).For(p, hparams)).ToList();
        if (remedies.Count == 0 && !options.NoTime)
            plans = new RoundTime(model.Config, model.Texts, device).Add(plans, hparams, cancellationToken);
        Output.Write(options.Json, Document(model, plans, limit, remedies), () => Print(model, options, plans, limit, remedies.Count == 0));
        if (remedies.Count > 0) throw new InvalidOperationException($"It does not fit into {Remedies.Size(limit)}. {string.Join(" ", remedies)}");
        return ExitCodes.Done;
    }

    static async Task<RoundHParams> HParamsAsync(Workspace workspace, string preset, CancellationToken cancellationToken)
    {
        var (file, sections) = await Imports.SectionsAsync(workspace, preset, cancellationToken);
        return new(Of<Steps.Contracts.SampleCompletions.HParams>(), Of<Steps.Contracts.SelectComparisons.HParams>(), Of<Steps.Contracts.TrainRewardModel.HParams>(),
            Of<Steps.Contracts.TrainPolicy.HParams>(), Of<Steps.Contracts.SampleEvaluation.HParams>(), Of<Steps.Contracts.MeasureChallenger.HParams>());

        T Of<T>() where T : notnull
        {
            var step = typeof(T).DeclaringType!.Name;
            return RecordBinding.Bind<T>(sections[step] as JsonObject ?? [], $"preset '{Path.GetFileName(file)}', {step}");
        }
    }

    /// <summary>Memory that can be had: what was said, or what this machine has free.</summary>
    static long Limit(double? gigabytes, torch.Device device)
    {
        if (gigabytes is { } given) return (long)(given * 1e9);
        if (device.type != DeviceType.CPU) throw new ArgumentException($"{TorchDevice.Variable} is '{device}'; expected --memory GB beside it, what the device has.");
        var total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return File.Exists("/proc/meminfo") && File.ReadLines("/proc/meminfo").FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal)) is { } line
            ? Math.Min(total, 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]))
            : total;
    }

    static JsonObject Document(PlannedModel model, IReadOnlyList<StepPlan> plans, long limit, IReadOnlyList<string> remedies) => new()
    {
        ["family"] = model.Config.Family.ToString().ToLowerInvariant(),
        ["parameters"] = model.Parameters,
        ["promptTokens"] = model.Texts.PromptTokens,
        ["prompts"] = model.Texts.Prompts,
        ["memoryBytes"] = limit,
        ["fits"] = remedies.Count == 0,
        ["steps"] = new JsonArray([.. plans.Select(p => new JsonObject { ["step"] = p.Step, ["bytes"] = p.Bytes, ["peak"] = p.Peak, ["seconds"] = p.Seconds })]),
        ["remedies"] = new JsonArray([.. remedies.Select(r => (JsonNode)r)]),
    };

    static void Print(PlannedModel model, PlanOptions options, IReadOnlyList<StepPlan> plans, long limit, bool fits)
    {
        Console.Out.WriteLine(
            $"{model.Config.Family.ToString().ToLowerInvariant()}, {model.Parameters:N0} parameters; preset {options.Preset}; prompts of up to {model.Texts.PromptTokens} tokens"
            + (model.Texts.Prompts is { } prompts ? $", {prompts:N0} of them" : " (--prompts FILE counts yours)"));
        foreach (var plan in plans)
            Console.Out.WriteLine($"  {plan.Step,-20} {Remedies.Size(plan.Bytes),9}  {(plan.Seconds is { } s ? Time(s) : ""),9}  {plan.Peak}");
        if (!fits) return;
        var most = plans.MaxBy(p => p.Bytes)!;
        Console.Out.WriteLine($"It fits: {most.Step} takes most, {Remedies.Size(most.Bytes)} of {Remedies.Size(limit)}"
            + (plans.All(p => p.Seconds is not null) ? $"; the steps take {Time(plans.Sum(p => p.Seconds!.Value))} at most, people's time not counted." : "."));
    }

    static string Time(double seconds) =>
        seconds < 90 ? $"{seconds:0} s" : seconds < 5400 ? $"{seconds / 60:0} min" : seconds < 172_800 ? $"{seconds / 3600:0.0} h" : $"{seconds / 86_400:0.0} days";
}
