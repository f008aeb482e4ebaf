using System.Globalization;
using Rlhf.Adapters.Blob;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Elsa.Hosting;

/// <summary>Where the host keeps things and is reached; nothing here changes a result.</summary>
public sealed record ElsaHostOptions(string Store)
{
    public const string DefaultUrl = "http://127.0.0.1:5090";

    public const string TokenVariable = "RLHF_ELSA_TOKEN";

    /// <summary>The container of <c>RLHF_BLOB</c>, where jobs and artifacts are; null: the folder of the store.</summary>
    public BlobSettings? Container { get; init; }

    /// <summary>Where jobs are left. Asks the place nothing yet.</summary>
    public IObjectStore Objects => Container is { } container ? new BlobObjectStore(container, TimeProvider.System) : new FolderObjectStore(Store);

    /// <summary>Connection string of PostgreSQL; null: SQLite in the folder of the store.</summary>
    public string? Postgres { get; init; }

    /// <summary>Folder of workflow files that are published when the host starts; null: none.</summary>
    public string? Workflows { get; init; }

    public string Urls { get; init; } = DefaultUrl;

    /// <summary>What a caller must send as a bearer token; null: nothing is asked for, on loopback only.</summary>
    public string? Token { get; init; }

    /// <summary>How long nothing may be heard of an instance in a burst before another node begins its interrupted activities again. Default 30 s.</summary>
    public TimeSpan Interrupted { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>From arguments, then from the environment.</summary>
    /// <exception cref="ArgumentException">An argument is unknown, or the host would be open to others without a token.</exception>
    public static ElsaHostOptions Of(string[] arguments, Func<string, string?> variable)
    {
        var given = new Dictionary<string, string>();
        for (var i = 0; i < arguments.Length; i += 2)
        {
            if (arguments[i] is not ("--store" or "--urls" or "--workflows") || i + 1 == arguments.Length)
                throw new ArgumentException($"'{arguments[i]}' is not understood; expected --store FOLDER, --urls URL or --workflows FOLDER.");
            given[arguments[i]] = arguments[i + 1];
        }
        var options = new ElsaHostOptions(given.GetValueOrDefault("--store") ?? Set("RLHF_STORE") ?? ".rlhf")
        {
            Container = BlobSettings.FromEnvironment(variable),
            Postgres = Set("RLHF_DATABASE"),
            Workflows = given.GetValueOrDefault("--workflows") ?? (Directory.Exists("workflows") ? "workflows" : null),
            Urls = given.GetValueOrDefault("--urls") ?? DefaultUrl,
            Token = Set(TokenVariable),
            Interrupted = Seconds(Set("RLHF_LEASE_SECONDS")),
        };
        if (options.Workflows is { } folder && !Directory.Exists(folder)) throw new ArgumentException($"There is no folder '{folder}'; expected one of workflow files (--workflows).");
        if (options.Token is null && options.Urls.Split(';').FirstOrDefault(u => !IsLoopback(u)) is { } open)
            throw new ArgumentException($"--urls is '{open}', which others reach, and {TokenVariable} is not set; expected a token, or a loopback address.");
        return options;

        string? Set(string name) => variable(name) is { Length: > 0 } text ? text : null;
    }

    static TimeSpan Seconds(string? text) => text is null ? TimeSpan.FromSeconds(30)
        : double.TryParse(text, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 2 and <= 3600 ? TimeSpan.FromSeconds(seconds)
        : throw new ArgumentException($"RLHF_LEASE_SECONDS is '{text}'; expected seconds, 2 to 3600.");

    static bool IsLoopback(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.IsLoopback;
}
