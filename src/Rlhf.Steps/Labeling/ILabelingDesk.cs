using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Labeling;

/// <summary>A question on the desk; the item names it in files and pages, and says nothing of who wrote the sides.</summary>
public sealed record DeskQuestion(string Item, Question Question)
{
    /// <summary>A line of a file of judgements without the answer.</summary>
    public string ToText() => JudgementLine.Text(new()
    {
        ["item"] = Item,
        ["axis"] = Question.Axis,
        ["prompt"] = CanonicalJson.ToNode(Question.Prompt),
        ["completion_a"] = Question.A,
        ["completion_b"] = Question.B,
    });
}

/// <summary>
/// An answer to a question on the desk, with the question's own sides. The key is the answer's identity: sent again it is the same answer.
/// </summary>
public sealed record DeskAnswer(string Key, JudgementLine Judgement)
{
    /// <summary>What the labeler adds in words; null where nothing.</summary>
    public string? Comment { get; init; }

    /// <summary>An answer from a file, whose identity is what the labeler said.</summary>
    public static DeskAnswer Of(JudgementLine line)
    {
        var said = line with { Line = 0, Axis = "", PromptId = null, Prompt = null, CompletionA = null, CompletionB = null, SourceA = null, SourceB = null, Cluster = null };
        return new(CanonicalJson.Hash(said.ToText()), line);
    }
}

/// <summary>What became of answers.</summary>
/// <param name="Taken">Fill a place of their question.</param>
/// <param name="Repeated">Had been given before under the same key; nothing changed.</param>
/// <param name="SelfRepeated">By labelers who had judged the item before; kept beside their first answer, which counts.</param>
/// <param name="Surplus">Of questions whose places were all filled; kept, and do not count.</param>
public sealed record DeskReceipt(int Taken, int Repeated, int SelfRepeated, int Surplus);

/// <summary>What has been answered of a request.</summary>
/// <param name="Judgements">Those that fill a place, by question and then in the order in which they came; the ids are the questions'.</param>
/// <param name="Missing">Places that are empty.</param>
public sealed record DeskProgress(IReadOnlyList<Judgement> Judgements, int Missing);

/// <summary>
/// Where questions wait for people, and where their answers are kept. Whatever has returned is durable. Failures of what is behind it propagate.
/// </summary>
public interface ILabelingDesk
{
    /// <summary>Puts the questions of a request; one that is there already is left as it is.</summary>
    Task PutAsync(LabelingRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Closes a request although places are empty: its questions are no longer open, and an answer that comes later is kept as surplus. One that is closed
    /// already stays so.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such request.</exception>
    Task CloseAsync(string request, CancellationToken cancellationToken);

    /// <exception cref="ArgumentException">There is no such request.</exception>
    Task<DeskProgress> ProgressAsync(string request, CancellationToken cancellationToken);

    /// <summary>Places of a request that are empty: cheap, however many answers there are.</summary>
    /// <exception cref="ArgumentException">There is no such request.</exception>
    Task<int> MissingAsync(string request, CancellationToken cancellationToken);

    /// <summary>Questions with an empty place, the oldest request first; with a labeler only those that this one has not judged.</summary>
    Task<IReadOnlyList<DeskQuestion>> OpenAsync(string? labeler, CancellationToken cancellationToken);

    /// <summary>Questions by their items; those that are not there are left out.</summary>
    Task<IReadOnlyDictionary<string, DeskQuestion>> FindAsync(IReadOnlyCollection<string> items, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps all answers or none, and wakes what waits for a request whose last place was filled. Each place of a question is another labeler's.
    /// </summary>
    /// <exception cref="ArgumentException">An item is not on the desk.</exception>
    Task<DeskReceipt> TakeAsync(IReadOnlyList<DeskAnswer> answers, CancellationToken cancellationToken);
}
