using System.Text.Json.Serialization;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Adapters.Judge;

/// <summary>A usable answer as it is kept, in the order in which it was asked.</summary>
/// <param name="FirstProbability">That the first one shown is the better one; null where the endpoint gave no log-probabilities.</param>
/// <param name="InputTokens">Of all tries together; null where the endpoint does not say.</param>
/// <param name="AnsweredAs">What the endpoint calls the model; null where it does not say.</param>
sealed record KeptAnswer(string Critique, Shown Better, int Strength, double? FirstProbability, long? InputTokens, long? OutputTokens, string? AnsweredAs)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Repaired { get; init; }
}

/// <summary>Answers by the key of their question, <c>judge/answers/ab/key.json</c>: what was paid for once is not asked again, by any process.</summary>
sealed class AnswerStore(IObjectStore objects)
{
    public async Task<KeptAnswer?> FindAsync(string key, CancellationToken cancellationToken) =>
        await objects.ReadAsync(Name(key), cancellationToken) is { } bytes ? CanonicalJson.Deserialize<KeptAnswer>(bytes, Name(key)) : null;

    /// <summary>Keeps the answer; where another process was first, that one's is the answer.</summary>
    public async Task<KeptAnswer> KeepAsync(string key, KeptAnswer answer, CancellationToken cancellationToken) =>
        await objects.TryCreateAsync(Name(key), CanonicalJson.Serialize(answer), cancellationToken) ? answer : (await FindAsync(key, cancellationToken))!;

    static string Name(string key) => $"judge/answers/{key[..2]}/{key}.json";
}
