using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Steps.Labeling;

/// <summary>
/// Questions put to a labeler, blind: no side says which model wrote it. The id is stable, so that asking again after a crash is the same asking.
/// </summary>
public sealed record LabelingRequest(string Id, IReadOnlyList<Question> Questions, int JudgementsPerQuestion, long Seed, JsonObject Settings)
{
    /// <summary>The instance that waits for the answers; empty where none does.</summary>
    public string Instance { get; init; } = "";

    /// <summary>A model of our own that is to judge; null for labelers that need none.</summary>
    public ArtifactRef? Judge { get; init; }

    /// <summary>Told, by a labeler that answers at once but not quickly, how far it is: 0 to 1, and a few words. Must not throw.</summary>
    public Action<double, string> Progress { get; init; } = (_, _) => { };
}

/// <summary>What a labeler sees: prompt, two completions, and the axis to judge by.</summary>
public sealed record Question(string Id, IReadOnlyList<Turn> Prompt, string A, string B, string Axis);

/// <summary>What has been answered so far; <paramref name="NextAnswerAt"/> is when looking again may help, null when nothing is pending.</summary>
public sealed record LabelingProgress(IReadOnlyList<Judgement> Judgements, int Pending, DateTimeOffset? NextAnswerAt)
{
    /// <summary>Events that say that looking again helps, before that time.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>What the labeler has to say of its judgements, as files that are kept beside them.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; init; } = new Dictionary<string, byte[]>();
}

/// <summary>Who answers comparisons: simulated labelers, people at the desk, or an AI judge. Failures propagate to the step.</summary>
public interface ILabeler
{
    /// <summary>Puts the questions; idempotent by the request's id.</summary>
    Task AskAsync(LabelingRequest request, CancellationToken cancellationToken);

    /// <summary>All judgements that have come since <paramref name="askedAt"/>, in a stable order.</summary>
    Task<LabelingProgress> CollectAsync(LabelingRequest request, DateTimeOffset askedAt, CancellationToken cancellationToken);
}
