using Rlhf.Server.Elsa.Forwarding;
using Rlhf.Server.Hooks;
using Rlhf.Server.OpenIdConnect;
using Rlhf.Server.Promotions;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Server.Hosting;

/// <summary>Where the server listens and what it shows.</summary>
/// <param name="Urls">Addresses such as <c>http://127.0.0.1:5210</c>; port 0 takes a free one.</param>
/// <param name="LocalName">Who every request is on loopback without accounts.</param>
/// <param name="GuidelinesFolders">Where <c>AXIS.md</c> is looked for, in this order.</param>
public sealed record ServerOptions(IReadOnlyList<string> Urls, string LocalName, IReadOnlyList<string> GuidelinesFolders)
{
    /// <summary>Where the pages are without another word.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5210";

    /// <summary>The address under which people reach the server, where that is another one than it listens on; cookies are for https only where it is https.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>The issuer by which people and programs come in beside keys; null for none. Where there is one, nobody is the local person.</summary>
    public OidcOptions? OpenIdConnect { get; init; }

    /// <summary>What other programs, in which people answer, prove themselves with.</summary>
    public HookSecrets Hooks { get; init; } = new();

    /// <summary>What promotions need; null: this server takes and shows none.</summary>
    public PromotionOptions? Promotions { get; init; }

    /// <summary>The files of Elsa Studio; where there are none, <c>/studio</c> says so.</summary>
    public string StudioFolder { get; init; } = Path.Combine(AppContext.BaseDirectory, "studio");

    /// <summary>The Elsa server whose workflows Studio shows; null: those of this runtime.</summary>
    public ElsaServer? Elsa { get; init; }

    /// <summary>The presets that a workflow's steps may take their hparams from; null: none are known here.</summary>
    public Func<CancellationToken, Task<IReadOnlyList<Preset>>>? Presets { get; init; }

    /// <summary>
    /// The pages of a tracking server about an instance's runs there, by the instance's id and the keys of its steps; null: there is no such server.
    /// </summary>
    public Func<string, CancellationToken, Task<IReadOnlyDictionary<string, Uri>>>? Tracked { get; init; }

    /// <summary>Requests that one person may make in a second, in the long run.</summary>
    public int RequestsPerSecond { get; init; } = 20;

    /// <summary>Attempts to sign in or join that one address may make in a minute.</summary>
    public int AttemptsPerMinute { get; init; } = 20;
}

/// <summary>HParams of steps by the name of their file.</summary>
public sealed record Preset(string Name, ArtifactRef Artifact);
