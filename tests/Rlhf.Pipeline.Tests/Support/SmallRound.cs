using System.Text.Json.Nodes;
using Rlhf.Pipeline.Gate;

namespace Rlhf.Pipeline.Tests.Support;

/// <summary>A store in which everything up to a reward model is ready, made once; and small values for each long step over it.</summary>
public sealed class SmallRound : IAsyncLifetime
{
    readonly TestRun _run = new();
    string _policy = "", _prompts = "", _completions = "", _preferences = "", _rewardModel = "", _challenger = "", _criteria = "";

    internal string Folder => _run.Folder;

    public string Policy => _policy;

    public string Prompts => _prompts;

    public string Completions => _completions;

    public string RewardModel => _rewardModel;

    public async ValueTask InitializeAsync()
    {
        _policy = await _run.TinyPolicy();
        _challenger = await _run.TinyPolicy(context: 112);
        _criteria = $"{await _run.Artifacts.PutCriteriaAsync(new(new()), TestContext.Current.CancellationToken)}";
        _prompts = await Output("PreparePrompts", "prompts", new() { ["seed"] = 1, ["count"] = 60 });
        _completions = await Output("SampleCompletions", "completions", Values("SampleCompletions", seed: 1));
        var comparisons = await Output("SelectComparisons", "comparisons", new() { ["completions"] = _completions, ["prompts"] = _prompts, ["seed"] = 1 });
        var judgements = await Output("CollectJudgements", "judgements", new()
        {
            ["comparisons"] = comparisons,
            ["labeler"] = "simulated",
            ["seed"] = 1,
            ["simulatedLateShare"] = 0.0,
            ["simulatedTieWidth"] = 0.0,
        });
        _preferences = await Output("BuildPreferences", "preferences", new() { ["comparisons"] = comparisons, ["judgements"] = judgements });
        _rewardModel = await Output("TrainRewardModel", "rewardModel", Values("TrainRewardModel", seed: 1));
    }

    /// <summary>A run of a few checkpoints. Seeds other than 1 are not in the store yet.</summary>
    public JsonObject Values(string step, long seed) => step switch
    {
        "PreparePolicy" => new()
        {
            ["seed"] = seed,
            ["hiddenSize"] = 16,
            ["intermediateSize"] = 32,
            ["layers"] = 1,
            ["heads"] = 2,
            ["keyValueHeads"] = 1,
            ["vocabularySize"] = 400,
            ["texts"] = 64,
            ["epochs"] = 4,
            ["batchSize"] = 32,
        },
        "SampleCompletions" => new()
        {
            ["seed"] = seed,
            ["policy"] = _policy,
            ["prompts"] = _prompts,
            ["trainPrompts"] = 24,
            ["heldOutPrompts"] = 8,
            ["maxNewTokens"] = 8,
            ["slots"] = 2,
        },
        "TrainRewardModel" => new()
        {
            ["seed"] = seed,
            ["backbone"] = _policy,
            ["preferences"] = _preferences,
            ["completions"] = _completions,
            ["prompts"] = _prompts,
            ["epochs"] = 2,
            ["batchSize"] = 8,
            ["warmupUpdates"] = 1,
        },
        "TrainPolicy" => new()
        {
            ["seed"] = seed,
            ["policy"] = _policy,
            ["reference"] = _policy,
            ["rewardModel"] = _rewardModel,
            ["prompts"] = _prompts,
            ["updates"] = 5,
            ["valueWarmupUpdates"] = 1,
            ["rolloutSize"] = 8,
            ["minibatchSize"] = 4,
            ["maxNewTokens"] = 8,
            ["slots"] = 4,
        },
        "SampleEvaluation" => new()
        {
            ["seed"] = seed,
            ["champion"] = _policy,
            ["challenger"] = _challenger,
            ["criteria"] = _criteria,
            ["prompts"] = _prompts,
            ["comparisons"] = 12,
            ["maxNewTokens"] = 8,
            ["slots"] = 1,
        },
        "EvaluateRewardModel" => new() { ["rewardModel"] = _rewardModel, ["preferences"] = _preferences },
        _ => throw new ArgumentException($"There are no values for '{step}'."),
    };

    async Task<string> Output(string step, string output, JsonObject values) => (await _run.Completes(step, values))[output]!.GetValue<string>();

    public ValueTask DisposeAsync()
    {
        _run.Dispose();
        return ValueTask.CompletedTask;
    }
}
