using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Labeling;

/// <summary>A judgement as a file of judgements has it. What the file does not say is null.</summary>
/// <param name="Item">What was judged; the same in every judgement of it, whichever side stood first.</param>
/// <param name="Labeler">Who judged.</param>
/// <param name="Choice">The answer; its sides are this line's.</param>
public sealed record JudgementLine(string Item, string Labeler, Choice Choice)
{
    /// <summary>What an axis is called where the file names none.</summary>
    public const string DefaultAxis = "preference";

    /// <summary>Line of the file, from 1; 0 where there is no file.</summary>
    public int Line { get; init; }

    /// <summary>What was judged by; <see cref="DefaultAxis"/> where the file does not say.</summary>
    public string Axis { get; init; } = DefaultAxis;

    public string? PromptId { get; init; }

    /// <summary>Null in a file of answers that leaves it out.</summary>
    public IReadOnlyList<Turn>? Prompt { get; init; }

    /// <summary>Null in a file of answers that leaves it out.</summary>
    public string? CompletionA { get; init; }

    /// <summary>Null in a file of answers that leaves it out.</summary>
    public string? CompletionB { get; init; }

    /// <summary>Who wrote the first completion.</summary>
    public string? SourceA { get; init; }

    /// <summary>Who wrote the second completion.</summary>
    public string? SourceB { get; init; }

    /// <summary>The side that the labeler saw first, left or above.</summary>
    public Side? ShownFirst { get; init; }

    /// <summary>Of an AI judge that was asked in both orders, the side that stood first and the better one, in each; no file holds them.</summary>
    public IReadOnlyList<(Side ShownFirst, Side Better)>? Orders { get; init; }

    /// <summary>The prompt's cluster.</summary>
    public string? Cluster { get; init; }

    /// <summary>A person where the file does not say.</summary>
    public LabelerKind Kind { get; init; }

    /// <summary>How long the labeler took, at least 0.</summary>
    public double? Seconds { get; init; }

    /// <summary>Version of the guidelines that the labeler had.</summary>
    public string? Guidelines { get; init; }

    /// <summary>When the labeler answered.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>What the labeler says of the first completion alone.</summary>
    public Safety? SafeA { get; init; }

    /// <summary>What the labeler says of the second completion alone.</summary>
    public Safety? SafeB { get; init; }

    /// <summary>The same judgement with the sides exchanged.</summary>
    public JudgementLine Swapped() => this with
    {
        Choice = Choice.Swapped(),
        CompletionA = CompletionB,
        CompletionB = CompletionA,
        SourceA = SourceB,
        SourceB = SourceA,
        SafeA = SafeB,
        SafeB = SafeA,
        ShownFirst = ShownFirst is { } first ? Exchanged(first) : null,
        Orders = Orders is { } orders ? [.. orders.Select(o => (Exchanged(o.ShownFirst), Exchanged(o.Better)))] : null,
    };

    /// <summary>One line of a file, without its end; what is null and what goes without saying is left out.</summary>
    public string ToText() => Text(new()
    {
        ["item"] = Item,
        ["axis"] = Axis,
        ["prompt_id"] = PromptId,
        ["prompt"] = CanonicalJson.ToNode(Prompt),
        ["completion_a"] = CompletionA,
        ["completion_b"] = CompletionB,
        ["source_a"] = SourceA,
        ["source_b"] = SourceB,
        ["shown_first"] = ShownFirst is { } side ? SideText(side) : null,
        ["cluster"] = Cluster,
        ["labeler"] = Labeler,
        ["labeler_kind"] = CanonicalJson.ToNode(Kind),
        ["choice"] = Choice.Text(),
        ["safe_a"] = SafeA?.Text(),
        ["safe_b"] = SafeB?.Text(),
        ["seconds"] = Seconds,
        ["guidelines"] = Guidelines,
        ["at"] = At?.ToString("O"),
    });

    /// <summary>The fields in the order that people read them, without those that are null.</summary>
    internal static string Text(JsonObject fields)
    {
        foreach (var (name, _) in fields.Where(f => f.Value is null).ToList()) fields.Remove(name);
        return fields.ToJsonString(ForPeople);
    }

    static readonly JsonSerializerOptions ForPeople = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static Side Exchanged(Side side) => side switch { Side.A => Side.B, Side.B => Side.A, _ => side };

    static string SideText(Side side) => side switch
    {
        Side.A => "a",
        Side.B => "b",
        _ => throw new ArgumentException("A tie cannot be shown first; expected a or b."),
    };
}
