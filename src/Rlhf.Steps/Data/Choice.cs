namespace Rlhf.Steps.Data;

/// <summary>What a labeler may answer, from the first side much better to the second much better, or that neither is any good.</summary>
public enum Choice
{
    AMuch,
    A,
    ASlight,
    Tie,
    BSlight,
    B,
    BMuch,
    BothBad,
}

/// <summary>Who a labeler is.</summary>
public enum LabelerKind
{
    /// <summary>Somebody who read and decided.</summary>
    Person,

    /// <summary>A model that was asked.</summary>
    Judge,

    /// <summary>Neither; every figure from it is called simulated.</summary>
    Simulated,
}

/// <summary>What a choice says.</summary>
public static class Choices
{
    static readonly string[] Texts = ["a_much", "a", "a_slight", "tie", "b_slight", "b", "b_much", "both_bad"];

    /// <summary>All of them, as they are written.</summary>
    public static IReadOnlyList<string> All => Texts;

    /// <summary>As it is written, such as <c>a_slight</c>.</summary>
    public static string Text(this Choice choice) => Texts[(int)choice];

    /// <summary>Null where the text is none.</summary>
    public static Choice? Parse(string text) => Array.IndexOf(Texts, text) is >= 0 and var choice ? (Choice)choice : null;

    /// <summary>3, the first side is much better, to −3; 0 for a tie and for both bad.</summary>
    public static int SignedStrength(this Choice choice) => choice == Choice.BothBad ? 0 : 3 - (int)choice;

    /// <summary>The better side; a tie where both are bad.</summary>
    public static Side Side(this Choice choice) => Math.Sign(choice.SignedStrength()) switch { 1 => Data.Side.A, -1 => Data.Side.B, _ => Data.Side.Tie };

    /// <summary>0 for a tie and for both bad, 1 slightly, 2 better, 3 much better.</summary>
    public static int Strength(this Choice choice) => Math.Abs(choice.SignedStrength());

    /// <summary>The same answer with the sides exchanged.</summary>
    public static Choice Swapped(this Choice choice) => choice == Choice.BothBad ? choice : 6 - choice;
}
