using System.Text;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Promotions;

/// <summary>
/// The key that was named; where none is, one that is made once in a folder, readable by its owner only, which signs for the environment <c>sandbox</c> and no other.
/// </summary>
/// <param name="folder">Where that key is made when it is first needed: <c>keys/promotions.pem</c>.</param>
/// <param name="named">The named signer; null for none.</param>
/// <param name="trusted">Public keys that are trusted besides, PEM.</param>
public sealed class PromotionKeys(string folder, Func<ISigner?> named, Func<TrustedKeys> trusted) : IPromotionKeys
{
    /// <summary>The variable that names a private key's file.</summary>
    public const string Variable = "RLHF_SIGNING_KEY";

    const string Own = "keys/promotions.pem";

    // A vault that could not be reached once may be reached the next time.
    readonly Lazy<ISigner?> _named = new(named, LazyThreadSafetyMode.PublicationOnly);
    readonly Lazy<TrustedKeys> _trusted = new(trusted);

    public async Task<ISigner> SignerAsync(string environment, CancellationToken cancellationToken) =>
        _named.Value ?? (environment == Aliases.Sandbox
            ? await OwnAsync(cancellationToken)
            : throw new InvalidDataException($"Promotions in the environment '{environment}' are signed with a key of yours, and {Variable} names none; expected the file of an ECDSA private key on P-256 (PEM)."));

    public async Task<TrustedKeys> TrustedAsync(string environment, CancellationToken cancellationToken)
    {
        var own = _named.Value is { } signer ? signer.PublicKeyPem : environment == Aliases.Sandbox ? (await OwnAsync(cancellationToken)).PublicKeyPem : null;
        return own is null ? _trusted.Value : _trusted.Value.With(new(own));
    }

    /// <summary>Made where there is none; of several processes that make one at once all get the same.</summary>
    async Task<ISigner> OwnAsync(CancellationToken cancellationToken)
    {
        var store = new FolderObjectStore(folder, CreateForOwner);
        if (await store.ReadAsync(Own, cancellationToken) is null) await store.TryCreateAsync(Own, Encoding.ASCII.GetBytes(EcdsaSigner.NewPem()), cancellationToken);
        var pem = await store.ReadAsync(Own, cancellationToken) ?? throw new IOException($"'{Path.Combine(folder, Own)}' was removed while it was read.");
        return EcdsaSigner.Parse(Encoding.ASCII.GetString(pem), Path.Combine(folder, Own));
    }

    static FileStream CreateForOwner(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new(path, options);
    }
}
