using System.Text.RegularExpressions;

namespace Rlhf.Adapters.KeyVault;

/// <summary>A key of an Azure Key Vault or a managed HSM: <c>https://NAME.vault.azure.net/keys/KEY</c>, with <c>/VERSION</c> where a version of it is meant.</summary>
public sealed partial record KeyVaultKey
{
    // Where our credentials may be sent, and for what they are asked.
    static readonly string[] Clouds = ["vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net", "managedhsm.azure.net", "managedhsm.azure.cn", "managedhsm.usgovcloudapi.net"];

    KeyVaultKey(Uri address, string cloud) => (Address, Scope) = (address, $"https://{cloud}/.default");

    /// <summary>Without a slash at its end.</summary>
    public Uri Address { get; }

    /// <summary>What a token is asked for.</summary>
    public string Scope { get; }

    public override string ToString() => $"{Address}";

    /// <summary>True for an address, which a file's name is not.</summary>
    public static bool IsAddress(string text) => text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    /// <param name="name">Where the text came from, for the error.</param>
    /// <exception cref="ArgumentException">It is no key of a vault.</exception>
    public static KeyVaultKey Parse(string text, string name) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "https", IsDefaultPort: true, Query: "", Fragment: "", UserInfo: "" } && Form().IsMatch(uri.AbsolutePath)
        && Array.Find(Clouds, c => uri.Host.EndsWith($".{c}", StringComparison.OrdinalIgnoreCase)) is { } cloud
            ? new(new(uri.GetLeftPart(UriPartial.Path).TrimEnd('/')), cloud)
            : throw new ArgumentException($"{name} is '{text}'; expected the file of a private key, or a key of Azure Key Vault such as https://NAME.vault.azure.net/keys/KEY.");

    [GeneratedRegex(@"^/keys/[A-Za-z0-9-]{1,127}(/[0-9a-f]{32})?/?\z")]
    private static partial Regex Form();
}
