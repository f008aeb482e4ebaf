using System.Security.Cryptography;
using System.Text;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Labeling;

/// <summary>A question in a labeler's hands.</summary>
/// <param name="Item">The name of the question in answers; it says nothing of who wrote the sides.</param>
/// <param name="ShownFirst">The question's side that this labeler sees first, left or above.</param>
/// <param name="LeasedUntil">Until then a place of the question is kept for this labeler.</param>
public sealed record Assignment(string Item, Question Question, Side ShownFirst, DateTimeOffset LeasedUntil)
{
    /// <summary>What the labeler sees left or above.</summary>
    public string First => ShownFirst == Side.A ? Question.A : Question.B;

    /// <summary>What the labeler sees right or below.</summary>
    public string Second => ShownFirst == Side.A ? Question.B : Question.A;

    /// <summary>A fair draw for each question and labeler that is the same whenever it is made.</summary>
    internal static Side Draw(string item, string labeler) =>
        (SHA256.HashData(Encoding.UTF8.GetBytes($"{item}\n{labeler}"))[0] & 1) == 0 ? Side.A : Side.B;
}

/// <summary>What a labeler says of an assignment. The choice is between the sides as the labeler sees them.</summary>
/// <param name="Key">Made by who sends it; sent again it is the same answer.</param>
/// <param name="Seconds">Time on the question, at least 0.</param>
public sealed record LabelerAnswer(string Key, string Item, Choice Choice, double? Seconds)
{
    /// <summary>In words; null where nothing.</summary>
    public string? Comment { get; init; }

    /// <summary>Version of the guidelines that the labeler had; null where the axis has none.</summary>
    public string? Guidelines { get; init; }

    /// <summary>When the labeler answered, by the labeler's clock.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>What the labeler says of the side shown first alone; null where that was not asked.</summary>
    public Safety? SafeFirst { get; init; }

    /// <summary>The same of the other side.</summary>
    public Safety? SafeSecond { get; init; }
}

/// <summary>What became of an answer; all of them are kept.</summary>
public enum AnswerFate
{
    /// <summary>It fills a place of its question.</summary>
    Counted,

    /// <summary>Others had filled all places before.</summary>
    Surplus,

    /// <summary>The labeler had judged the item before; the first judgement counts.</summary>
    SelfRepeated,

    /// <summary>The labeler took it back.</summary>
    Undone,
}

/// <summary>Why a labeler does not answer, or what of the guidelines is unclear.</summary>
public enum RemarkKind
{
    /// <summary>The question is not shown to this labeler again.</summary>
    Skip,

    /// <summary>The guidelines, or a section of them, are unclear; the question stays.</summary>
    Flag,
}

/// <param name="Key">Made by who sends it; sent again it is the same remark.</param>
/// <param name="Section">Of the guidelines; null for a skip.</param>
public sealed record LabelerRemark(string Key, string Item, RemarkKind Kind, string? Section, string Text)
{
    /// <summary>Version of the guidelines that the labeler had.</summary>
    public string? Guidelines { get; init; }
}

/// <summary>Where a labeler stands.</summary>
/// <param name="Answered">Answers that were not taken back, ever.</param>
/// <param name="Left">Open questions that this labeler has neither judged nor skipped, whoever holds them now.</param>
/// <param name="Last">Key and item of the last answer that was not taken back; null where there is none.</param>
public sealed record LabelerProgress(int Answered, int Left, LastAnswer? Last);

/// <summary>A labeler's last answer, by its key.</summary>
/// <param name="CanUndo">False where its request is complete.</param>
public sealed record LastAnswer(string Key, string Item, bool CanUndo);

/// <summary>What a labeler did, and holds, for those who run the labeling.</summary>
public sealed record LabelerActivity(string Labeler, int Answered, DateTimeOffset Last);

/// <summary>What the checks say of a labeler.</summary>
/// <param name="Gold">Questions with a known answer that were answered.</param>
/// <param name="GoldRight">Of these with the known side.</param>
/// <param name="Repeated">Questions that were answered more than once.</param>
/// <param name="RepeatedSame">Of these with the same side each time.</param>
public sealed record LabelerChecks(string Labeler, int Gold, int GoldRight, int Repeated, int RepeatedSame);

/// <summary>A section of the guidelines that labelers called unclear.</summary>
public sealed record FlaggedSection(string Section, int Flags);

/// <summary>The desk at a glance.</summary>
/// <param name="Open">Questions with an empty place.</param>
/// <param name="Held">Questions in labelers' hands.</param>
/// <param name="Disputed">Questions that wait for an adjudicator.</param>
/// <param name="LastHour">Answers of the last hour.</param>
/// <param name="LastDay">Answers of the last 24 hours.</param>
/// <param name="Agreement">By axis, of the newest judgements.</param>
public sealed record DeskSummary(
    int Open, int Held, int Disputed, int LastHour, int LastDay, IReadOnlyList<AxisAgreement> Agreement, IReadOnlyList<LabelerActivity> Labelers, IReadOnlyList<LabelerChecks> Checks,
    IReadOnlyList<FlaggedSection> Flags)
{
    /// <summary>Agreement by axis and version of the guidelines, of an axis in the order in which the versions were first used.</summary>
    public required IReadOnlyList<VersionAgreement> Versions { get; init; }

    /// <summary>How labelers stand with the guidelines' examples.</summary>
    public required IReadOnlyList<LabelerQualification> Qualifications { get; init; }
}

/// <summary>How often two labelers of the same question say the same side.</summary>
/// <param name="Pairs">Pairs of judgements of a question, by two labelers.</param>
/// <param name="Same">Of these with the same side, or both a tie.</param>
public sealed record AxisAgreement(string Axis, int Pairs, int Same);

/// <summary>The same of judgements under one version of the guidelines.</summary>
/// <param name="FirstUsed">When the first of them came.</param>
/// <param name="Judgements">All that count.</param>
/// <param name="Pairs">Pairs of the newest of them.</param>
/// <param name="Same">Of these with the same side, or both a tie.</param>
public sealed record VersionAgreement(string Axis, string Version, DateTimeOffset FirstUsed, int Judgements, int Pairs, int Same);
