using System.Text.Json.Nodes;

namespace Rlhf.Experiments.Rounds;

/// <summary>What one round and several share; the rest is the default preset's.</summary>
/// <param name="Name">Of the experiment, on the command line and of its results.</param>
/// <param name="Judgements">Of all rounds together.</param>
/// <param name="Updates">Of all rounds together.</param>
/// <param name="Arms">Compared with each other.</param>
/// <param name="Changes">To the preset's <c>TrainPolicy</c>.</param>
sealed record RoundsSetting(string Name, int Judgements, int Updates, Arm[] Arms, params (string Name, JsonNode? Value)[] Changes);
