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

    /// <summary>What is done besides asking each question that often.</summary>
    public Care Care { get; init; } = new();

    /// <summary>A model of our own that is to judge; null for labelers that need none.</summary>
    public ArtifactRef? Judge { get; init; }

    /// <summary>Told, by a labeler that answers at once but not quickly, how far it is: 0 to 1, and a few words. Must not throw.</summary>
    public Action<double, string> Progress { get; init; } = (_, _) => { };
}

/// <summary>How the answers of people are made to be worth something.</summary>
/// <param name="MostJudgements">Disputed questions are put to one more labeler after the other, up to this many; not more than are asked for anyway: none.</param>
/// <param name="Adjudicate">Whether an operator decides what is disputed even then.</param>
/// <param name="GoldShare">Share of a labeler's questions, 0 to 0.5, whose answer is known.</param>
/// <param name="RepeatShare">Share of a labeler's questions, 0 to 0.5, that the labeler has answered before, with the sides exchanged.</param>
public sealed record Care(int MostJudgements = 0, bool Adjudicate = false, double GoldShare = 0, double RepeatShare = 0)
{
    /// <summary>True where no side, and no tie, has more than half of the answers.</summary>
    public static bool IsDisputed(IReadOnlyCollection<Side> answers) =>
        answers.Count > 0 && answers.GroupBy(s => s).Max(g => g.Count()) * 2 <= answers.Count;
}

/// <summary>What a labeler sees: prompt, two completions, and the axis to judge by.</summary>
public sealed record Question(string Id, IReadOnlyList<Turn> Prompt, string A, string B, string Axis);

/// <summary>What has been answered so far; <paramref name="NextAnswerAt"/> is when looking again may help, null when nothing is pending.</summary>
public sealed record LabelingProgress(IReadOnlyList<Judgement> Judgements, int Pending, DateTimeOffset? NextAnswerAt)
{
    /// <summary>Events that say that looking again helps, before that time.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>For people: where the questions are, where that is another program; null otherwise.</summary>
    public string? Place { get; init; }

    /// <summary>Why nothing could be looked at, which may pass; then the judgements are none, and what is pending is not known. Null where all was looked at.</summary>
    public string? Trouble { get; init; }

    /// <summary>For people: what was found besides answers, such as how many records were left out and why; null where nothing.</summary>
    public string? Remark { get; init; }

    /// <summary>What the labeler has to say of its judgements, as files that are kept beside them.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; init; } = new Dictionary<string, byte[]>();
}

/// <summary>Who answers comparisons: simulated labelers, people at the desk or in another program, or an AI judge. Failures propagate to the step.</summary>
public interface ILabeler
{
    /// <summary>True where disputed questions are put to more labelers, adjudicated and checked as a request's <see cref="Care"/> says.</summary>
    bool TakesCare => false;

    /// <summary>True where one collecting says all there will ever be, so that another one would only ask anew, and pay anew, for what it did not say.</summary>
    bool AnswersAtOnce => false;

    /// <summary>Puts the questions; idempotent by the request's id.</summary>
    Task AskAsync(LabelingRequest request, CancellationToken cancellationToken);

    /// <summary>All judgements that have come since <paramref name="askedAt"/>, in a stable order.</summary>
    Task<LabelingProgress> CollectAsync(LabelingRequest request, DateTimeOffset askedAt, CancellationToken cancellationToken);

    /// <summary>
    /// Asks no more: what has not been answered is not waited for any longer. What was answered by then is still collected; idempotent. A labeler that
    /// shows its questions to nobody has nothing to take away.
    /// </summary>
    Task WithdrawAsync(LabelingRequest request, CancellationToken cancellationToken) => Task.CompletedTask;
}
