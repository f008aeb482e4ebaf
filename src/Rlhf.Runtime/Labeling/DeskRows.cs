namespace Rlhf.Runtime.Labeling;

/// <summary>
/// Questions that were put at once, and for whom; closed when the last place of the last question was filled. Disputed questions get places one by one up
/// to the most, then perhaps an adjudicator's; the shares are of questions that check the labeler instead.
/// </summary>
internal sealed class LabelingRequestRow
{
    public required string Id { get; init; }
    public required string InstanceId { get; init; }
    public required int JudgementsPerQuestion { get; init; }
    public required int MostPerQuestion { get; init; }
    public bool Adjudicates { get; init; }
    public double GoldShare { get; init; }
    public double RepeatShare { get; init; }
    public required DateTimeOffset AskedAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
}

/// <summary>
/// A question under its item, the name that people see. The content is JSON: completions may hold characters that PostgreSQL takes in no text. Of its places
/// some are missing, that is, empty; the last one may be an adjudicator's. Gold is the right answer of a question that nobody waits for.
/// </summary>
internal sealed class LabelingQuestionRow
{
    public required string Item { get; init; }
    public required string RequestId { get; init; }
    public required int Position { get; init; }
    public required string Axis { get; init; }
    public required string Content { get; init; }
    public required int Places { get; set; }
    public required int Missing { get; set; }
    public bool ForAdjudicator { get; set; }
    public string? Gold { get; set; }
}

/// <summary>
/// An answer. The key makes it be kept once, whoever sends it again. Place is the one of the question's that it fills, from 1; none, where the
/// labeler had judged the item before, all places were filled, or the labeler took the answer back: then it counts nowhere, and only its key is still taken.
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
    public string? Comment { get; init; }
    public bool Adjudicated { get; init; }
    public string? SafeA { get; init; }
    public string? SafeB { get; init; }
    public DateTimeOffset? UndoneAt { get; init; }
}

/// <summary>
/// A question in a labeler's hands. While the lease lasts it keeps a place of the question from others; the side that this labeler sees first stays
/// the same however often the question comes back, unless it comes back to find out whether the labeler says the same again: then it is the other one. One
/// that was skipped does not come back.
/// </summary>
internal sealed class LabelingAssignmentRow
{
    public required string Item { get; init; }
    public required string Labeler { get; init; }
    public required string ShownFirst { get; set; }
    public required DateTimeOffset AssignedAt { get; init; }
    public required DateTimeOffset LeasedUntil { get; set; }
    public bool Skipped { get; set; }
}

/// <summary>What a labeler says of a question besides an answer: why it was skipped, or which section of the guidelines is unclear.</summary>
internal sealed class LabelingRemarkRow
{
    public required string Key { get; init; }
    public required string Item { get; init; }
    public required string Labeler { get; init; }
    public required string Kind { get; init; }
    public string? Section { get; init; }
    public required string Text { get; init; }
    public string? Guidelines { get; init; }
    public required DateTimeOffset ReceivedAt { get; init; }
}

/// <summary>Guidelines as labelers had them, so that the version in a judgement can be read later.</summary>
internal sealed class LabelingGuidelinesRow
{
    public required string Axis { get; init; }
    public required string Version { get; init; }
    public required string Content { get; init; }
    public required DateTimeOffset FirstUsedAt { get; init; }
}

/// <summary>A labeler has read a version of an axis's guidelines.</summary>
internal sealed class LabelingAcknowledgementRow
{
    public required string Labeler { get; init; }
    public required string Axis { get; init; }
    public required string Version { get; init; }
    public required DateTimeOffset AcknowledgedAt { get; init; }
}

/// <summary>A labeler's try at the examples of a version of an axis's guidelines. Said are the choices, with commas, between the examples' own sides.</summary>
internal sealed class LabelingQualificationRow
{
    public required string Labeler { get; init; }
    public required string Axis { get; init; }
    public required string Version { get; init; }
    public required int Try { get; init; }
    public required string Said { get; init; }
    public required int Right { get; init; }
    public required bool Passed { get; init; }
    public required DateTimeOffset ReceivedAt { get; init; }
}
