namespace Rlhf.Runtime.Tests;

/// <summary><c>workflows/CONFORMANCE.md</c>: what the embedded runtime gave, then what Elsa itself gave in the host of <c>src/Rlhf.Elsa</c>.</summary>
internal static class ConformanceFile
{
    public const string ElsaHeading = "\n## In Elsa itself\n";

    /// <summary>The part of the file about Elsa; empty where there is none.</summary>
    public static string ElsaOf(string text) => text.IndexOf(ElsaHeading, StringComparison.Ordinal) is >= 0 and var at ? text[at..] : "";

    public static string WithElsa(string text, string section) => text[..^ElsaOf(text).Length] + ElsaHeading + section;
}
