using System.ComponentModel;
using System.Text.Json.Serialization;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Steps.Scoring;

/// <summary>What is posted to <c>/v1/score</c>: prompts with one or more completions each, as text or as token ids.</summary>
public sealed record ScoreBody(
    [property: Description("Prompts with their completions.")] IReadOnlyList<ScoreInput> Inputs)
{
    [Description("Models by name or artifact; each gives an answer of its own. Without any: the one that is served.")]
    public IReadOnlyList<string>? Models { get; init; }

    [Description("Whether to give a score at every token of the completions, too.")]
    public bool PerToken { get; init; }

    [Description("Compute in passes of fixed shapes: the same text has the same score, bit for bit, whatever is computed beside it.")]
    public bool Deterministic { get; init; }

    [Description("Milliseconds from now after which the answer is of no use; work that has not begun by then is not done.")]
    public int? DeadlineMs { get; init; }
}

/// <summary>One prompt, by exactly one of text, turns and ids, and its completions, as text or, with ids, as ids.</summary>
public sealed record ScoreInput
{
    [Description("The prompt as the text of one user turn.")]
    public string? Prompt { get; init; }

    [Description("The prompt as turns.")]
    public IReadOnlyList<Turn>? Turns { get; init; }

    [Description("Completions as text, to a prompt as text or turns.")]
    public IReadOnlyList<string>? Completions { get; init; }

    [Description("The prompt as token ids of the reward model's tokenizer, what begins a text included.")]
    public int[]? PromptIds { get; init; }

    [Description("Completions as token ids, what ends a text included, to a prompt as ids. Taken as they are.")]
    public IReadOnlyList<int[]>? CompletionIds { get; init; }
}

/// <summary>What <c>/v1/score</c> answers: a model's scores for each model asked.</summary>
public sealed record ScoreAnswer(IReadOnlyList<ModelAnswer> Models);

/// <summary>One model's scores, in the order of asking.</summary>
/// <param name="Name">What the request called it.</param>
/// <param name="Model">Its artifact: the hash of its content manifest.</param>
/// <param name="Inputs">For each input a score for each completion.</param>
public sealed record ModelAnswer(string Name, ArtifactRef Model, IReadOnlyList<IReadOnlyList<TextScore>> Inputs);

/// <summary>What is posted to <c>/get_reward</c>, as OpenRLHF's remote reward does.</summary>
public sealed record GetRewardBody(
    [property: JsonPropertyName("query"), Description("Whole texts, prompt and completion, as the trainer's template wrote them.")] IReadOnlyList<string> Query)
{
    [JsonPropertyName("prompts"), Description("The prompt that each text begins with.")]
    public IReadOnlyList<string>? Prompts { get; init; }

    [JsonPropertyName("labels"), Description("Reference answers; not read.")]
    public IReadOnlyList<System.Text.Json.JsonElement>? Labels { get; init; }
}

/// <summary>What <c>/get_reward</c> answers.</summary>
public sealed record GetRewardAnswer(
    [property: JsonPropertyName("rewards")] IReadOnlyList<float> Rewards, [property: JsonPropertyName("scores")] IReadOnlyList<float> Scores,
    [property: JsonPropertyName("extra_logs")] IReadOnlyDictionary<string, IReadOnlyList<float>> ExtraLogs)
{
    [JsonPropertyName("model")]
    public required ArtifactRef Model { get; init; }
}

/// <summary>What is posted to <c>/classify</c>, as verl's reward loop asks vLLM.</summary>
public sealed record ClassifyBody(
    [property: JsonPropertyName("input"), Description("A text or token ids, or a list of either.")] System.Text.Json.JsonElement Input)
{
    [JsonPropertyName("model"), Description("Name of the model.")]
    public string? Model { get; init; }

    [JsonPropertyName("activation"), Description("False for the score itself; otherwise its logistic function, as vLLM gives.")]
    public bool? Activation { get; init; }
}

/// <summary>What <c>/classify</c> answers.</summary>
public sealed record ClassifyAnswer(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("object")] string Object, [property: JsonPropertyName("created")] long Created,
    [property: JsonPropertyName("model")] ArtifactRef Model, [property: JsonPropertyName("data")] IReadOnlyList<ClassifiedText> Data,
    [property: JsonPropertyName("usage")] ClassifyUsage Usage);

/// <summary>One text's score as the probability of the one label that there is.</summary>
public sealed record ClassifiedText(
    [property: JsonPropertyName("index")] int Index, [property: JsonPropertyName("label")] string Label, [property: JsonPropertyName("probs")] IReadOnlyList<float> Probs,
    [property: JsonPropertyName("num_classes")] int NumClasses);

/// <summary>Tokens that were read.</summary>
public sealed record ClassifyUsage(
    [property: JsonPropertyName("prompt_tokens")] int PromptTokens, [property: JsonPropertyName("total_tokens")] int TotalTokens,
    [property: JsonPropertyName("completion_tokens")] int CompletionTokens);
