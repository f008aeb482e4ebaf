using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Promotions;

/// <summary>
/// A promotion that somebody asked a server for, before it is known what it rests on; object <c>promotions-asked/instance.json</c>, written before its
/// instance begins, so that who asks again with the same key begins no second one.
/// </summary>
/// <param name="Instance">Of the workflow that is to do it: 32 hexadecimal digits, which follow from who asks and the key.</param>
/// <param name="Policy">As it was written, such as <c>policy@12</c>.</param>
/// <param name="Artifact">What that meant then.</param>
/// <param name="Environment">Null: the one that the server works for.</param>
public sealed record AskedPromotion(string Instance, string Policy, ArtifactRef Artifact, string? Environment, string? Comment, string By, DateTimeOffset At);

/// <summary>What was asked for at a server.</summary>
public sealed class AskedPromotions(IObjectStore objects)
{
    const string Root = "promotions-asked/";

    /// <summary>Keeps what is asked for; where there is something of this instance, that is the answer.</summary>
    public async Task<AskedPromotion> AskAsync(AskedPromotion asked, CancellationToken cancellationToken) =>
        await objects.TryCreateAsync(Name(asked.Instance), CanonicalJson.Serialize(asked), cancellationToken) ? asked : (await FindAsync(asked.Instance, cancellationToken))!;

    /// <summary>Null where there is none.</summary>
    public Task<AskedPromotion?> FindAsync(string instance, CancellationToken cancellationToken) => ReadAsync(Name(instance), cancellationToken);

    /// <summary>The newest first.</summary>
    public async Task<IReadOnlyList<AskedPromotion>> ListAsync(CancellationToken cancellationToken)
    {
        var asked = new List<AskedPromotion>();
        foreach (var name in await objects.ListAsync(Root, cancellationToken)) asked.Add((await ReadAsync(name, cancellationToken))!);
        return [.. asked.OrderByDescending(a => a.At).ThenBy(a => a.Instance, StringComparer.Ordinal)];
    }

    async Task<AskedPromotion?> ReadAsync(string name, CancellationToken cancellationToken) =>
        await objects.ReadAsync(name, cancellationToken) is { } bytes ? CanonicalJson.Deserialize<AskedPromotion>(bytes, name) : null;

    static string Name(string instance) => $"{Root}{instance}.json";
}
