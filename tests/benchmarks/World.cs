using System.Globalization;
using System.Text.Json.Nodes;
using Rlhf.Pipeline;
using Rlhf.Simulation.Gold;
using Rlhf.Simulation.Labelers;
using Rlhf.Simulation.Stories;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Benchmarks;

/// <summary>The steps of a round over one store, on the default preset with changes; what has been computed is answered from its record.</summary>
sealed class World
{
    readonly FolderObjectStore _objects;
    readonly StepRunner _runner;
    string _preset = "";

    public World(string folder)
    {
        _objects = new(folder);
        var time = TimeProvider.System;
        _runner = new(
            PipelineSteps.All, _objects, time, new Dictionary<string, object> { ["stories"] = new StoryGrammar(), ["simulated"] = new SimulatedLabelers(time) },
            TimeSpan.FromSeconds(30));
    }

    public ArtifactStore Artifacts => new(_objects);

    public async Task OpenAsync(string presetFile)
    {
        var sections = JsonNode.Parse(await File.ReadAllTextAsync(presetFile))!.AsObject();
        sections.Remove("description");
        _preset = (await Artifacts.PutAsync("hparams", new Dictionary<string, byte[]> { ["hparams.json"] = CanonicalJson.Write(sections) }, default)).ToString();
    }

    /// <summary>Runs a step and answers its outputs.</summary>
    public async Task<JsonObject> RunAsync(string step, params (string Name, JsonNode? Value)[] values)
    {
        var all = new JsonObject { ["preset"] = _preset };
        foreach (var (name, value) in values) all[name] = value?.DeepClone();
        // The key of an effectful step is its execution: the same question is the same execution.
        var execution = new StepExecution("claims", $"{step}-{CanonicalJson.Hash(all)[..16]}");
        while (true)
        {
            switch (await _runner.RunAsync(step, all, execution, null, default))
            {
                case StepResult.Completed completed:
                    return completed.Outputs;
                case StepResult.Waiting waiting:
                    execution = execution with { State = waiting.State };
                    await Task.Delay(TimeSpan.FromSeconds(1));
                    break;
                case StepResult.Failed failed:
                    throw new InvalidOperationException($"{step}: {failed.Reason}");
            }
        }
    }

    /// <summary>One output of a step, as text.</summary>
    public async Task<string> RunAsync(string step, string output, params (string Name, JsonNode? Value)[] values) => $"{(await RunAsync(step, values))[output]}";

    /// <summary>Everything before the reward model: policy, prompts, completions of the reference, preference pairs.</summary>
    public async Task<Base> BaseAsync(long seed, Changes? changes = null)
    {
        changes ??= new();
        var policy = await RunAsync("PreparePolicy", "policy", [("seed", seed)]);
        var prompts = await RunAsync("PreparePrompts", "prompts", ("seed", seed));
        var completions = await RunAsync("SampleCompletions", "completions", ("policy", policy), ("prompts", prompts), ("seed", seed));
        var reference = await RunAsync(
            "SampleCompletions", "completions", ("policy", policy), ("prompts", prompts), ("seed", seed), ("trainPrompts", 256), ("heldOutPrompts", 1));
        var preferences = await PreferencesAsync(completions, prompts, seed, changes);
        return new(seed, policy, prompts, completions, reference, preferences);
    }

    /// <summary>Judged pairs of completions.</summary>
    public async Task<string> PreferencesAsync(string completions, string prompts, long seed, Changes changes, string? earlier = null)
    {
        var comparisons = await RunAsync("SelectComparisons", "comparisons", [("completions", completions), ("prompts", prompts), ("seed", seed), .. changes.Selection]);
        var judgements = await RunAsync("CollectJudgements", "judgements", [("comparisons", comparisons), ("labeler", "simulated"), ("seed", seed), .. changes.Labelers]);
        return await RunAsync("BuildPreferences", "preferences", ("comparisons", comparisons), ("judgements", judgements), ("earlier", earlier));
    }

    public Task<JsonObject> RewardModelAsync(Base given, params (string Name, JsonNode? Value)[] hparams) => RewardModelAsync(given, given.Policy, hparams);

    public Task<JsonObject> RewardModelAsync(Base given, string backbone, params (string Name, JsonNode? Value)[] hparams) => RunAsync(
        "TrainRewardModel",
        [("backbone", backbone), ("preferences", given.Preferences), ("completions", given.Reference), ("prompts", given.Prompts), ("seed", given.Seed), .. hparams]);

    public Task<JsonObject> PpoAsync(Base given, string rewardModel, params (string Name, JsonNode? Value)[] hparams) => RunAsync(
        "TrainPolicy",
        [("policy", given.Policy), ("reference", given.Policy), ("rewardModel", rewardModel), ("prompts", given.Prompts), ("seed", given.Seed), .. hparams]);

    /// <summary>Share of held-out pairs whose better side by gold scores higher; pairs of equal gold do not count.</summary>
    public async Task<double> GoldAccuracyAsync(Base given, string rewardModel)
    {
        var card = await RunAsync("EvaluateRewardModel", "reportCard", ("rewardModel", rewardModel), ("preferences", given.Preferences));
        var pairs = await Artifacts.ReadLinesAsync<ScoredPair>(ArtifactRef.Parse(card), "pairs.jsonl", default);
        return pairs.Select(p => (p.Margin, Gold: GoldPreference.Score(p.Prompt, p.Chosen) - GoldPreference.Score(p.Prompt, p.Rejected)))
            .Where(p => p.Gold != 0).Average(p => p.Margin == 0 ? 0.5 : p.Margin > 0 == p.Gold > 0 ? 1.0 : 0.0);
    }

    public async Task<RewardModelCard> CardAsync(Base given, string rewardModel) => await Artifacts.ReadJsonAsync<RewardModelCard>(
        ArtifactRef.Parse(await RunAsync("EvaluateRewardModel", "reportCard", ("rewardModel", rewardModel), ("preferences", given.Preferences))), "card.json", default);

    /// <summary>Gold of a policy's completions of 400 held-out prompts, two each, by both preferences, and their length in tokens.</summary>
    public async Task<Gold> GoldAsync(Base given, string policy)
    {
        var prompts = (await Artifacts.ReadLinesAsync<Prompt>(ArtifactRef.Parse(given.Prompts), "prompts.jsonl", default)).ToDictionary(p => p.Id);
        var sampled = await RunAsync(
            "SampleCompletions", "completions", ("policy", policy), ("prompts", given.Prompts), ("seed", given.Seed + 1000), ("trainPrompts", 1), ("heldOutPrompts", 400));
        var completions = (await Artifacts.ReadLinesAsync<Completion>(ArtifactRef.Parse(sampled), "completions.jsonl", default)).Where(c => prompts[c.PromptId].HeldOut).ToList();
        return new(
            completions.Average(c => GoldPreference.Score(prompts[c.PromptId].Turns, c.Text)),
            completions.Average(c => GoldPreference.Score(prompts[c.PromptId].Turns, c.Text, "safety")), completions.Average(c => (double)c.Tokens));
    }

    /// <summary>The committed metric lines of a pure step whose outputs these are.</summary>
    public async Task<IReadOnlyList<MetricLine>> MetricsAsync(JsonObject outputs)
    {
        var record = (await new StepRecords(_objects).ListAsync(default)).First(r => JsonNode.DeepEquals(r.Outputs, outputs));
        return record.Journal is { } journal ? await MetricJournal.ReadAsync(_objects, journal, default) : [];
    }

    public static string Number(double value, string format = "0.000") => value.ToString(format, CultureInfo.InvariantCulture);
}

/// <summary>What a seed's experiments start from.</summary>
sealed record Base(long Seed, string Policy, string Prompts, string Completions, string Reference, string Preferences);

/// <summary>Changes to how comparisons are chosen and judged.</summary>
sealed record Changes
{
    public (string Name, JsonNode? Value)[] Selection { get; init; } = [];

    public (string Name, JsonNode? Value)[] Labelers { get; init; } = [];
}

/// <summary>Means over completions: gold of the shared preference, of safety, and tokens.</summary>
sealed record Gold(double Preference, double Safety, double Tokens);
