using System.Text.Json.Nodes;

namespace Rlhf.Experiments.Ppo;

/// <summary>One way to lead PPO beyond what its reward model knows; the rest is the default preset's.</summary>
/// <param name="Name">Of the experiment, on the command line and of its results.</param>
/// <param name="Judgements">What the reward model is trained on.</param>
/// <param name="Grid">KL, in nats, at which a snapshot is kept; ascending.</param>
/// <param name="Prompts">Held-out prompts, two completions each for gold, and two fresh ones.</param>
/// <param name="Changes">To the preset's <c>TrainPolicy</c>.</param>
sealed record PpoSetting(string Name, int Judgements, double[] Grid, int Prompts, params (string Name, JsonNode Value)[] Changes);
