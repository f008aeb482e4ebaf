using System.Globalization;
using Rlhf.Adapters.Judge;
using Rlhf.Adapters.KeyVault;
using Rlhf.Adapters.Scoring;
using Rlhf.Adapters.Webhooks;
using Rlhf.Server.Elsa.Forwarding;
using Rlhf.Server.OpenIdConnect;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Promotions;

namespace Rlhf.Cli.Stores;

/// <summary>Where things are, from the environment; nothing here is what a result depends on.</summary>
static class Settings
{
    /// <summary><c>RLHF_DATABASE</c>: PostgreSQL for the workflow state, for many workers; without it SQLite in the store's folder.</summary>
    public static string? Database => Text("RLHF_DATABASE");

    /// <summary><c>RLHF_STORE</c>: the store's folder where <c>--store</c> is not given.</summary>
    public static string Store => Text("RLHF_STORE") ?? ".rlhf";

    /// <summary><c>RLHF_ENVIRONMENT</c>: whose champions count, such as <c>production</c>; <c>sandbox</c> by default.</summary>
    /// <exception cref="ArgumentException">It is no name.</exception>
    public static string Environment => Text("RLHF_ENVIRONMENT") is not { } text ? Aliases.Sandbox
        : text.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-') ? text
        : throw new ArgumentException($"RLHF_ENVIRONMENT is '{text}'; expected lowercase letters, digits and dashes.");

    /// <summary><c>RLHF_APPROVALS</c>: how many people approve a promotion, such as <c>staging=1,prod=2</c>, or one number (<see cref="PromotionRules"/>).</summary>
    /// <exception cref="ArgumentException">It is malformed.</exception>
    public static PromotionRules Approvals => PromotionRules.Parse(Text(PromotionRules.Variable));

    /// <summary><c>RLHF_SIGNING_KEY</c>: the file of the private key that signs promotions, or a key of Azure Key Vault (<see cref="KeyVaultKey"/>); null where none is named.</summary>
    /// <exception cref="ArgumentException">There is no such file, or it is no such key.</exception>
    /// <exception cref="IOException">The vault cannot be asked.</exception>
    public static ISigner? SigningKey => Text(PromotionKeys.Variable) is not { } file ? null
        : KeyVaultKey.IsAddress(file) ? KeyVaultSigner.Open(KeyVaultKey.Parse(file, PromotionKeys.Variable), TimeProvider.System)
        : File.Exists(file) ? EcdsaSigner.Parse(File.ReadAllText(file), $"{PromotionKeys.Variable}, '{file}',")
        : throw new ArgumentException($"{PromotionKeys.Variable} is '{file}', which is no file; expected a private key (PEM, ECDSA on P-256).");

    /// <summary><c>RLHF_TRUSTED_KEYS</c>: files of public keys whose promotions and approvals count besides one's own, with , between them.</summary>
    /// <exception cref="ArgumentException">There is no such file, or it is no such key.</exception>
    public static TrustedKeys TrustedKeys => new((Text("RLHF_TRUSTED_KEYS") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(PublicKey));

    /// <summary>A public key's file.</summary>
    /// <exception cref="ArgumentException">There is no such file, or it is no such key.</exception>
    public static string PublicKey(string file)
    {
        if (!File.Exists(file)) throw new ArgumentException($"There is no file '{file}'; expected a public key (PEM, ECDSA on P-256).");
        var pem = File.ReadAllText(file);
        try
        {
            EcdsaSigner.KeyIdOf(pem);
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"'{file}': {e.Message}", e);
        }
        return pem;
    }

    /// <summary><c>RLHF_CACHE_GB</c>: how much of a Blob container's files is kept in the store's folder; default 20.</summary>
    /// <exception cref="ArgumentException">It is no size.</exception>
    public static long CacheBytes => Text("RLHF_CACHE_GB") is not { } text ? 20_000_000_000
        : double.TryParse(text, CultureInfo.InvariantCulture, out var gigabytes) && gigabytes is >= 0 and <= 1e6 ? (long)(gigabytes * 1e9)
        : throw new ArgumentException($"RLHF_CACHE_GB is '{text}'; expected gigabytes, 0 to 1000000.");

    /// <summary><c>RLHF_BLOB_TIMEOUT</c>: seconds that one call to the Blob service may take before it is made again; 1 to 3600, default 100.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static TimeSpan BlobTimeout => Seconds("RLHF_BLOB_TIMEOUT", 100);

    /// <summary><c>MLFLOW_HTTP_REQUEST_TIMEOUT</c>, as for MLflow's Python client: seconds for one request; 1 to 3600, default 120.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static TimeSpan MlflowTimeout => Seconds("MLFLOW_HTTP_REQUEST_TIMEOUT", 120);

    /// <summary><c>RLHF_LEASE_SECONDS</c>: how long nothing may be heard of a worker before another one takes its step; 2 to 3600, default 30.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static TimeSpan Lease
    {
        get
        {
            const string variable = "RLHF_LEASE_SECONDS";
            if (Text(variable) is not { } text) return TimeSpan.FromSeconds(30);
            return double.TryParse(text, out var seconds) && seconds is >= 2 and <= 3600
                ? TimeSpan.FromSeconds(seconds)
                : throw new ArgumentException($"{variable} is '{text}'; expected seconds, 2 to 3600.");
        }
    }

    /// <summary>The AI judge's endpoint and limits, from the variables that begin with <c>RLHF_JUDGE_</c>; null where none is set up.</summary>
    /// <exception cref="ArgumentException">A value is malformed.</exception>
    public static JudgeSettings? Judge => JudgeSettings.FromEnvironment(Text);

    /// <summary>Servers of reward models that policies are trained against, from the variables that begin with <c>RLHF_REWARDS_</c>; null: models in this process.</summary>
    /// <exception cref="ArgumentException">A value is malformed.</exception>
    public static ScoringSettings? Rewards => ScoringSettings.FromEnvironment(Text);

    /// <summary><c>RLHF_ELSA_URL</c>: where the API of an Elsa server is, such as <c>http://127.0.0.1:5090/elsa/api</c>; where <c>RLHF_ELSA_TOKEN</c> is set, it is asked with that.</summary>
    /// <param name="needs">What needs it.</param>
    /// <param name="given">The address that was given in its place; null: none.</param>
    /// <exception cref="ArgumentException">It is none, or not set.</exception>
    public static ElsaServer ElsaServer(string needs, string? given = null) => (given ?? Text("RLHF_ELSA_URL")) is not { } text ? throw new ArgumentException($"{needs} needs RLHF_ELSA_URL: the API of an Elsa server, such as http://127.0.0.1:5090/elsa/api.")
        : Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "" } ? new(url, Text("RLHF_ELSA_TOKEN"))
        : throw new ArgumentException($"{(given is null ? "RLHF_ELSA_URL" : "The Elsa server's address")} is '{text}'; expected such as http://127.0.0.1:5090/elsa/api, with neither a query nor a password.");

    /// <summary><c>RLHF_PUBLIC_URL</c>: the address under which people reach <c>rlhf serve</c>, where a proxy stands before it.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static Uri? PublicUrl => Text("RLHF_PUBLIC_URL") is not { } text ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.PathAndQuery == "/" ? url
        : throw new ArgumentException($"RLHF_PUBLIC_URL is '{text}'; expected such as https://labeling.example.");

    /// <summary>The issuer by which people and programs come in (<see cref="OidcOptions.FromEnvironment"/>); null for none.</summary>
    /// <exception cref="ArgumentException">A variable is missing or malformed.</exception>
    public static OidcOptions? OpenIdConnect => OidcOptions.FromEnvironment(Text);

    /// <summary>Where notifications go besides the log (<see cref="WebhookSettings.FromEnvironment"/>); null for nowhere.</summary>
    /// <exception cref="ArgumentException">A variable is missing or malformed.</exception>
    public static WebhookSettings? Webhook => WebhookSettings.FromEnvironment(Text) is { } webhook ? webhook with { Link = PublicUrl } : null;

    /// <summary>Seconds in a variable, 1 to a bound.</summary>
    /// <exception cref="ArgumentException">It holds none.</exception>
    public static TimeSpan Seconds(string variable, double none, double most = 3600) => Text(variable) is not { } text ? TimeSpan.FromSeconds(none)
        : double.TryParse(text, CultureInfo.InvariantCulture, out var seconds) && seconds >= 1 && seconds <= most ? TimeSpan.FromSeconds(seconds)
        : throw new ArgumentException($"{variable} is '{text}'; expected seconds, 1 to {most}.");

    /// <summary>A variable of the environment; null where it is empty or not there.</summary>
    public static string? Text(string variable) => System.Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? text : null;

    /// <summary>Queues as <c>gpu,cpu</c> or <c>gpu=1,cpu=4</c>: how many steps of each are run at once.</summary>
    /// <exception cref="ArgumentException">The text is none.</exception>
    public static IReadOnlyDictionary<string, int>? Queues(string? text)
    {
        if (text is null) return null;
        var queues = new Dictionary<string, int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, count) = part.Split('=', 2) is [var n, var c] ? (n, c) : (part, "1");
            if (name is not ("cpu" or "gpu")) throw new ArgumentException($"'{name}' is no queue; known are cpu, gpu.");
            if (!int.TryParse(count, out var atOnce) || atOnce is < 1 or > 64) throw new ArgumentException($"Queue '{part}': '{count}' is no number of steps at once; expected 1 to 64.");
            queues[name] = atOnce;
        }
        return queues.Count > 0 ? queues : throw new ArgumentException($"'{text}' names no queue; expected such as gpu,cpu or gpu=1,cpu=4.");
    }
}
