namespace Rlhf.Server.Scoring;

/// <summary>Where a server of reward models listens and what it takes.</summary>
/// <param name="Urls">Addresses such as <c>http://127.0.0.1:5300</c>; port 0 takes a free one.</param>
/// <param name="LocalName">Who every request is on loopback without accounts.</param>
public sealed record ScoringOptions(IReadOnlyList<string> Urls, string LocalName)
{
    /// <summary>The longest body of a request, in bytes.</summary>
    public int LongestBody { get; init; } = 4 << 20;

    /// <summary>Texts that one request may hold.</summary>
    public int MostTexts { get; init; } = 1024;
}
