using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Labeling;

/// <summary>What a labeler has to know of guidelines before the first question.</summary>
public static class Qualification
{
    /// <summary>
    /// Of so many examples that are asked one is right at least: 2 of 3. Who draws lots is right about once in three times; to ask for all of them would turn
    /// away whoever sees one debatable example otherwise.
    /// </summary>
    public static int Needed(int examples) => (2 * examples + 2) / 3;

    // A try has its sides drawn anew, so that nobody learns places by heart; the same try has the same ones whenever it is shown.
    internal static ShownExample Show(string labeler, GuidelinesVersion guidelines, int number, int index, WorkedExample example) =>
        new(example, Assignment.Draw($"{guidelines.Axis}\n{guidelines.Version}\n{number}\n{index}", labeler));
}

/// <summary>An example as a labeler sees it.</summary>
/// <param name="ShownFirst">The example's side that is left or above.</param>
public sealed record ShownExample(WorkedExample Example, Side ShownFirst)
{
    /// <summary>What the labeler sees left or above.</summary>
    public string First => ShownFirst == Side.A ? Example.A : Example.B;

    /// <summary>What the labeler sees right or below.</summary>
    public string Second => ShownFirst == Side.A ? Example.B : Example.A;

    /// <summary>A choice between the shown sides as one between the example's own, or the other way round.</summary>
    public Choice Turned(Choice choice) => ShownFirst == Side.A ? choice : choice.Swapped();
}

/// <summary>A labeler's next try.</summary>
/// <param name="Number">From 1.</param>
public sealed record QualifyingTry(int Number, IReadOnlyList<ShownExample> Examples)
{
    /// <summary>Right answers that it takes.</summary>
    public int Needed => Qualification.Needed(Examples.Count);
}

/// <summary>What became of a try.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Right">Examples answered as the guidelines say.</param>
/// <param name="Said">Of each example what the labeler said, between the example's own sides.</param>
public sealed record QualifyingOutcome(int Number, int Right, IReadOnlyList<Choice> Said)
{
    public int Needed => Qualification.Needed(Said.Count);

    /// <summary>True where the labeler gets questions from now on.</summary>
    public bool IsQualified => Right >= Needed;
}

/// <summary>How a labeler stands with guidelines.</summary>
/// <param name="Version">The newest that the labeler tried.</param>
/// <param name="Tries">Of this version.</param>
public sealed record LabelerQualification(string Labeler, string Axis, string Version, int Tries, bool IsQualified, DateTimeOffset Last);
