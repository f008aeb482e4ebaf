using System.Text;

namespace Rlhf.Server.Hooks;

/// <summary>What other programs prove themselves with when they say that something was answered. Its text shows no secret.</summary>
public sealed record HookSecrets
{
    const int ShortestSecret = 16;
    const string Prefix = "whsec_";

    /// <summary>The key that Argilla signs with; null where it may not say anything.</summary>
    public ReadOnlyMemory<byte>? Argilla { get; init; }

    /// <summary>What stands in the header that Label Studio sends; null where it may not say anything.</summary>
    public ReadOnlyMemory<byte>? LabelStudio { get; init; }

    /// <summary>A key as Argilla shows it: base64, perhaps after <c>whsec_</c>.</summary>
    /// <param name="what">Where the text stands, for the error.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static ReadOnlyMemory<byte> SigningKey(string what, string text)
    {
        var encoded = text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : text;
        var key = new byte[encoded.Length];
        return Convert.TryFromBase64String(encoded, key, out var length) && length >= ShortestSecret ? key.AsMemory(0, length)
            : throw new ArgumentException($"{what} is no signing key; expected base64 of at least {ShortestSecret} bytes, as Argilla shows it when the webhook is made.");
    }

    /// <param name="what">Where the text stands, for the error.</param>
    /// <exception cref="ArgumentException">It cannot go into a header or is too short.</exception>
    public static ReadOnlyMemory<byte> HeaderSecret(string what, string text) =>
        text.Length >= ShortestSecret && text.All(c => c is > ' ' and < (char)0x7F) ? Encoding.ASCII.GetBytes(text)
        : throw new ArgumentException($"{what} cannot be a header's secret; expected at least {ShortestSecret} characters of ASCII without white space.");

    public override string ToString() => $"Argilla {(Argilla is null ? "may not" : "may")}, Label Studio {(LabelStudio is null ? "may not" : "may")} say that something was answered";
}
