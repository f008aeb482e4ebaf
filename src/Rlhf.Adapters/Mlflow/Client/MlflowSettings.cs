using System.Net.Http.Headers;
using System.Text;

namespace Rlhf.Adapters.Mlflow;

/// <summary>
/// Which MLflow server, as whom, and which experiment; read from the same environment variables and the same file as MLflow's Python client
/// does. Its text never shows a credential.
/// </summary>
public sealed record MlflowSettings
{
    /// <summary>The server, without user info, ending in a slash.</summary>
    public required Uri Address { get; init; }

    /// <summary>The experiment that runs go to.</summary>
    public string Experiment { get; init; } = "rlhf";

    /// <summary>Any certificate of the server is taken.</summary>
    public bool InsecureTls { get; init; }

    /// <summary>A PEM file, or a folder of such, whose certificates are trusted in place of the system's; null for the system's.</summary>
    public string? ServerCertificates { get; init; }

    internal AuthenticationHeaderValue? Authorization { get; init; }

    public override string ToString() => $"MLflow at {Address}, experiment '{Experiment}', {(Authorization is null ? "no credentials" : Authorization.Scheme + " credentials")}";

    /// <summary>The settings of this process, or null where <c>MLFLOW_TRACKING_URI</c> is not set.</summary>
    /// <exception cref="InvalidDataException">A variable or the credentials file holds what cannot be used.</exception>
    public static MlflowSettings? FromEnvironment() =>
        FromEnvironment(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));

    /// <summary>The settings by a lookup of variables (null for one that is not set) and a home folder, in which <c>.mlflow/credentials</c> may lie.</summary>
    /// <inheritdoc cref="FromEnvironment()"/>
    public static MlflowSettings? FromEnvironment(Func<string, string?> variable, string home)
    {
        string? Set(string name) => variable(name) is { Length: > 0 } value ? value : null;
        if (Set("MLFLOW_TRACKING_URI") is not { } text) return null;
        var uri = Server(text);
        foreach (var other in (string[])["MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_CLIENT_CERT_PATH"])
            if (Set(other) is not null) throw new InvalidDataException($"{other} is set, which this client does not support; expected a user and password, a token, or none.");
        if (Flag("MLFLOW_TRACKING_AWS_SIGV4", Set("MLFLOW_TRACKING_AWS_SIGV4")))
            throw new InvalidDataException("MLFLOW_TRACKING_AWS_SIGV4 is set, which this client does not support; expected a user and password, a token, or none.");
        var insecure = Flag("MLFLOW_TRACKING_INSECURE_TLS", Set("MLFLOW_TRACKING_INSECURE_TLS"));
        var certificates = Set("MLFLOW_TRACKING_SERVER_CERT_PATH");
        if (insecure && certificates is not null)
            throw new InvalidDataException("MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH are both set; expected one of them at most.");
        return new()
        {
            Address = new(uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/') + "/"),
            Authorization = UserInfo(uri) ?? Credentials(Set, home),
            Experiment = FieldRules.ExperimentName(Set("MLFLOW_EXPERIMENT_NAME") ?? "rlhf"),
            InsecureTls = insecure,
            ServerCertificates = certificates,
        };
    }

    static Uri Server(string text)
    {
        // What cannot be read as an address may hold a password anywhere, so only its scheme is named.
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
        {
            var scheme = !text.Contains('@') && uri is not null && uri.Scheme is not ("http" or "https") ? uri.Scheme : null;
            throw new InvalidDataException(scheme is null
                ? "MLFLOW_TRACKING_URI is not the address of a server; a tracking server is needed, such as http://localhost:5000."
                : $"MLFLOW_TRACKING_URI begins with '{scheme}:'; a tracking server is needed, such as http://localhost:5000: MLflow's files and databases are not written directly.");
        }
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
            throw new InvalidDataException($"MLFLOW_TRACKING_URI ({uri.Host}) has a query or a fragment; expected a server's address with at most a path.");
        return uri;
    }

    // Python's requests puts what stands in the address over any other header, in Latin-1.
    static AuthenticationHeaderValue? UserInfo(Uri uri)
    {
        var colon = uri.UserInfo.IndexOf(':');
        if (colon < 0) return null; // a user alone counts for nothing there
        var user = Uri.UnescapeDataString(uri.UserInfo[..colon]);
        var password = Uri.UnescapeDataString(uri.UserInfo[(colon + 1)..]);
        if (user.Length == 0 && password.Length == 0) return null;
        if ((user + password).Any(c => c > 0xFF))
            throw new InvalidDataException("The user info in MLFLOW_TRACKING_URI holds characters outside Latin-1; use MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.");
        return Basic(user, password, Encoding.Latin1);
    }

    static AuthenticationHeaderValue? Credentials(Func<string, string?> set, string home)
    {
        var file = CredentialsFile.Read(Path.Combine(home, ".mlflow", "credentials"));
        var user = set("MLFLOW_TRACKING_USERNAME") ?? file.User;
        var password = set("MLFLOW_TRACKING_PASSWORD") ?? file.Password;
        if (!string.IsNullOrEmpty(user) && !string.IsNullOrEmpty(password)) return Basic(user, password, Encoding.UTF8);
        if (set("MLFLOW_TRACKING_TOKEN") is not { } token) return null;
        return token.All(c => c is > ' ' and < (char)0x7F) ? new("Bearer", token)
            : throw new InvalidDataException("MLFLOW_TRACKING_TOKEN holds white space or characters outside ASCII; expected a token as it goes into a header.");
    }

    static AuthenticationHeaderValue Basic(string user, string password, Encoding encoding) =>
        new("Basic", Convert.ToBase64String(encoding.GetBytes($"{user}:{password}")));

    static bool Flag(string name, string? value) => value?.ToLowerInvariant() switch
    {
        null or "false" or "0" => false,
        "true" or "1" => true,
        _ => throw new InvalidDataException($"{name} is '{value}'; expected true, false, 1 or 0."),
    };
}
