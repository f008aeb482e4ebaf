using System.Globalization;

namespace Rlhf.Adapters.Scoring;

/// <summary>Where servers of reward models are, and how patiently they are asked. Its text never shows the key.</summary>
public sealed record ScoringSettings
{
    public const string Variable = "RLHF_REWARDS_URLS", KeyVariable = "RLHF_REWARDS_KEY", DeadlineVariable = "RLHF_REWARDS_DEADLINE", TryVariable = "RLHF_REWARDS_TRY";

    const string ByName = "dns+";

    /// <summary>At least one.</summary>
    public required IReadOnlyList<ReplicaAddress> Replicas { get; init; }

    /// <summary>Null for servers that take none.</summary>
    internal string? Key { get; init; }

    /// <summary>All tries of one request together, 1 s to a day.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>One try at one server, 0.1 s to an hour.</summary>
    public TimeSpan Try { get; init; } = TimeSpan.FromSeconds(30);

    public override string ToString() => $"reward models at {string.Join(", ", Replicas)}, {(Key is null ? "no key" : "with a key")}";

    /// <summary>From the environment's variables (null for one that is not set).</summary>
    /// <returns>Null where <c>RLHF_REWARDS_URLS</c> is not set.</returns>
    /// <exception cref="ArgumentException">A value is malformed; the message says which and what was expected.</exception>
    public static ScoringSettings? FromEnvironment(Func<string, string?> variable)
    {
        string? Text(string name) => variable(name) is { Length: > 0 } text ? text : null;
        if (Text(Variable) is not { } urls) return null;
        var replicas = urls.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(AddressOf).ToList();
        if (replicas.Count == 0 || replicas.Distinct().Count() < replicas.Count) throw new ArgumentException($"{Variable} names {replicas.Count} servers; expected at least one, each once.");
        var settings = new ScoringSettings { Replicas = replicas, Key = KeyOf(Text(KeyVariable)) };
        if (Seconds(DeadlineVariable, Text(DeadlineVariable), 1, 86_400) is { } deadline) settings = settings with { Deadline = deadline };
        if (Seconds(TryVariable, Text(TryVariable), 0.1, 3600) is { } one) settings = settings with { Try = one };
        return settings;
    }

    // The value may hold a password, so it is not repeated.
    static ReplicaAddress AddressOf(string text)
    {
        var byName = text.StartsWith(ByName, StringComparison.OrdinalIgnoreCase);
        return Uri.TryCreate(byName ? text[ByName.Length..] : text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0
            ? new(uri.AbsolutePath.EndsWith('/') ? uri : new UriBuilder(uri) { Path = uri.AbsolutePath + "/" }.Uri, byName)
            : throw new ArgumentException($"{Variable} holds what is no address of a server; expected such as http://rewards-1:5300,http://rewards-2:5300, or dns+http://rewards:5300 for every address of a name.");
    }

    static string? KeyOf(string? text) =>
        text is null || text.All(c => c is > ' ' and < (char)0x7F) ? text
        : throw new ArgumentException($"{KeyVariable} holds white space or characters outside ASCII; expected a key as it goes into a header.");

    static TimeSpan? Seconds(string name, string? text, double least, double most)
    {
        if (text is null) return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds >= least && seconds <= most ? TimeSpan.FromSeconds(seconds)
            : throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{name} is '{text}'; expected seconds, {least} to {most}."));
    }
}

/// <summary>A server of reward models, or, by name, every address that a name has.</summary>
public sealed record ReplicaAddress(Uri Address, bool ByName = false)
{
    public override string ToString() => $"{(ByName ? "every address of " : "")}{Address.GetLeftPart(UriPartial.Authority)}";
}
