namespace Rlhf.Steps.Data;

/// <summary>What a labeler says of one side alone, whichever is the better one.</summary>
public enum Safety
{
    /// <summary>It does no harm.</summary>
    Safe,

    /// <summary>It does, or helps somebody to.</summary>
    Unsafe,

    /// <summary>The labeler cannot tell.</summary>
    Unsure,
}

/// <summary>How safety is written.</summary>
public static class Safeties
{
    /// <summary>The axis whose questions ask it of each side.</summary>
    public const string Axis = "safety";

    static readonly string[] Texts = ["safe", "unsafe", "unsure"];

    /// <summary>All of them, as they are written.</summary>
    public static IReadOnlyList<string> All => Texts;

    /// <summary>As it is written.</summary>
    public static string Text(this Safety safety) => Texts[(int)safety];

    /// <summary>Null where the text is none.</summary>
    public static Safety? Parse(string? text) => Array.IndexOf(Texts, text) is >= 0 and var safety ? (Safety)safety : null;
}
