namespace Rlhf.Runtime.Labeling;

/// <summary>Questions that were put at once, and for whom; closed when the last place of the last question was filled.</summary>
internal sealed class LabelingRequestRow
{
    public required string Id { get; init; }
    public required string InstanceId { get; init; }
    public required int JudgementsPerQuestion { get; init; }
    public required DateTimeOffset AskedAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
}

/// <summary>
/// A question under its item, the name that people see. The content is JSON: completions may hold characters that PostgreSQL takes in no text.
/// </summary>
internal sealed class LabelingQuestionRow
{
    public required string Item { get; init; }
    public required string RequestId { get; init; }
    public required int Position { get; init; }
    public required string Axis { get; init; }
    public required string Content { get; init; }
}

/// <summary>
/// An answer. The key makes it be kept once, whoever sends it again. Place is the one of the question's that it fills, from 1; none, where the
/// labeler had judged the item before or all places were filled.
/// </summary>
internal sealed class LabelingJudgementRow
{
    public long Number { get; init; }
    public required string Key { get; init; }
    public required string Item { get; init; }
    public required string Labeler { get; init; }
    public required string LabelerKind { get; init; }
    public required string Choice { get; init; }
    public double? Seconds { get; init; }
    public string? ShownFirst { get; init; }
    public string? Guidelines { get; init; }
    public DateTimeOffset? AnsweredAt { get; init; }
    public required DateTimeOffset ReceivedAt { get; init; }
    public int? Place { get; init; }
}
