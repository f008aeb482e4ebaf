using System.Text.RegularExpressions;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// The one rule by which nothing secret leaves for MLflow: what reads as a credential is replaced by <c>[redacted]</c>. These are: a value after
/// a name that ends in key, password, secret, token, credential, signature or sig, and <c>=</c> or <c>:</c> (connection strings, signed
/// addresses, settings); user and password in an address; what follows Bearer or Basic; JSON web tokens; private keys in PEM; keys by the
/// prefixes their issuers give them; and 63 bytes or more in base64 with padding (storage keys). Hashes, references and numbers stay, but for a
/// number that is called a password, secret or credential.
/// </summary>
static partial class Secrets
{
    public const string Redacted = "[redacted]";

    /// <summary>The text with every credential in it replaced.</summary>
    public static string Clean(string text)
    {
        text = Pem().Replace(text, Redacted);
        text = Address().Replace(text, $"$1{Redacted}@");
        text = Quoted().Replace(text, match => $"{match.Groups[1].Value}{match.Value[match.Groups[1].Length]}{Redacted}");
        text = Numeric().Replace(text, $"$1{Redacted}");
        text = Named().Replace(text, $"$1{Redacted}");
        text = Scheme().Replace(text, $"$1 {Redacted}");
        text = Token().Replace(text, Redacted);
        return Base64().Replace(text, Redacted);
    }

    /// <summary>The value of a field: redacted as a whole where the field's name says that it is a credential, and not a number.</summary>
    public static string Clean(string name, string value) =>
        SecretName().IsMatch(name) && value.Length > 0 && (PasswordName().IsMatch(name) || !double.TryParse(value, out _)) && !bool.TryParse(value, out _) ? Redacted : Clean(value);

    // None of these is ever a count or an index.
    const string Passwords = "[a-z0-9_.-]*(?:password|pwd|passwd|secret|credential)";
    const string Names = "(?:[a-z0-9_.-]*(?:key|password|pwd|passwd|secret|token|credential|signature)|sig)";

    [GeneratedRegex("-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\\z)", RegexOptions.Singleline)]
    private static partial Regex Pem();

    [GeneratedRegex("([a-z][a-z0-9+.-]*://)[^/@\\s\"']+@", RegexOptions.IgnoreCase)]
    private static partial Regex Address();

    // A password may hold spaces and signs: between quotes all of it goes.
    [GeneratedRegex($"(?<![a-z0-9])({Passwords}[\"']?\\s*[=:]\\s*)(?:\"(?!\\[redacted)(?:[^\"\\\\\\r\\n]|\\\\.)+(?=\")|'(?!\\[redacted)[^'\\r\\n]+(?='))", RegexOptions.IgnoreCase)]
    private static partial Regex Quoted();

    [GeneratedRegex($"(?<![a-z0-9])({Passwords}[\"']?\\s*[=:]\\s*)[0-9][0-9.]{{5,}}", RegexOptions.IgnoreCase)]
    private static partial Regex Numeric();

    // "tokens: 5" and "key = 3" are settings: a credential has six characters or more and is no number.
    [GeneratedRegex($"(?<![a-z0-9])({Names}[\"']?\\s*[=:]\\s*[\"']?)(?!-?[0-9.]+(?![^\\s;,&\"'}}]))(?!\\[redacted)[^\\s;,&\"'}}]{{6,}}", RegexOptions.IgnoreCase)]
    private static partial Regex Named();

    // A capital, a digit or a sign tells it from a word of a sentence.
    [GeneratedRegex("\\b([Bb]earer|BEARER|[Bb]asic|BASIC)\\s+(?=[a-z]*[A-Z0-9+/=_.~-])[A-Za-z0-9+/=_.~-]{8,}")]
    private static partial Regex Scheme();

    [GeneratedRegex(
        "(?<![A-Za-z0-9])(?:eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]*)?|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|hf_[A-Za-z0-9]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[a-z]-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16})")]
    private static partial Regex Token();

    [GeneratedRegex("(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{84,}={1,2}(?![A-Za-z0-9+/=])")]
    private static partial Regex Base64();

    [GeneratedRegex("(?:password|pwd|secret|credential)$", RegexOptions.IgnoreCase)]
    private static partial Regex PasswordName();

    [GeneratedRegex("(?:^|[._-])(?:key|password|pwd|secret|token|credential|sas)$|(?:Key|Password|Secret|Token|Credential|ConnectionString)$|^(?:apikey|connectionString)$")]
    private static partial Regex SecretName();
}
