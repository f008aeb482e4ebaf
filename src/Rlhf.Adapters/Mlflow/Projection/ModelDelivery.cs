using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// Makes one registered model so: versions in our order, then the aliases. MLflow gives its own numbers, so a version is known by its tag
/// <c>rlhf.sha256</c>, or by its source where somebody took the tag away.
/// </summary>
sealed class ModelDelivery(MlflowClient client, IReadOnlyDictionary<string, string> runIds, DeliveryCounts counts)
{
    /// <summary>The key of the tag that says which artifact a version is.</summary>
    public const string Hash = "rlhf.sha256";

    const int Tries = 4;

    public static bool IsDone(IReadOnlyList<ProjectedModel> models, LedgerEntry entry) =>
        models.All(m => entry.Runs.GetValueOrDefault(m.Name)?.Fingerprint == m.Fingerprint);

    public async Task DeliverAsync(ProjectedModel model, DeliveryLease lease, CancellationToken cancellationToken)
    {
        if (lease.Of(model.Name)?.Fingerprint == model.Fingerprint) return;
        await lease.KeepAsync(cancellationToken);
        var registered = await client.EnsureModelAsync(model.Name, cancellationToken: cancellationToken);
        var standing = await VersionsAsync(client, model.Name, cancellationToken);
        var numbers = new Dictionary<ArtifactRef, string>();
        foreach (var version in model.Versions)
        {
            var one = await OneAsync(model, version, Of(version, standing), lease, cancellationToken);
            foreach (var tag in version.Tags.Where(t => one.Tag(t.Key) != t.Value))
            {
                await lease.KeepAsync(cancellationToken);
                await client.SetVersionTagAsync(model.Name, one.Version, tag, cancellationToken);
            }
            numbers[version.Artifact] = one.Version;
        }
        await PointAsync(model, registered, numbers, lease, cancellationToken);
        await lease.AcknowledgeAsync(
            lease.Keys.Where(k => k.StartsWith($"{model.Name}@", StringComparison.Ordinal)).Select(k => KeyValuePair.Create(k, (Delivered?)null))
                .Concat(model.Aliases.Select(a => KeyValuePair.Create(KeyOf(model, a.Key), (Delivered?)new Delivered(a.Value.Sha256, 0))))
                .Append(new(model.Name, new(model.Name, model.Versions.Count, model.Fingerprint))),
            cancellationToken);
    }

    /// <summary>An alias in the ledger.</summary>
    public static string KeyOf(ProjectedModel model, string alias) => $"{model.Name}@{alias}";

    public static async Task<List<MlflowModelVersion>> VersionsAsync(MlflowClient client, string model, CancellationToken cancellationToken) =>
    [
        .. (await client.SearchVersionsAsync(MlflowFilter.Name(model), cancellationToken: cancellationToken).Where(v => v.Name == model).ToListAsync(cancellationToken))
            .OrderBy(v => long.Parse(v.Version)),
    ];

    /// <summary>
    /// Those that have the version's tag, the oldest first; where there is none the first without such a tag that has its source: somebody took
    /// the tag away. Somebody's own version of the same source is left alone otherwise.
    /// </summary>
    public static List<MlflowModelVersion> Of(ProjectedVersion version, IReadOnlyList<MlflowModelVersion> standing) =>
        standing.Where(s => s.Tag(Hash) == version.Artifact.Sha256).ToList() is { Count: > 0 } tagged
            ? tagged
            : [.. standing.Where(s => s.Tag(Hash) is null && s.Source == version.Source).Take(1)];

    async Task<MlflowModelVersion> OneAsync(
        ProjectedModel model, ProjectedVersion version, List<MlflowModelVersion> standing, DeliveryLease lease, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            // A creation was carried out and told as failed: the first one stays, as for every sender.
            foreach (var twin in standing.Skip(1))
            {
                await lease.KeepAsync(cancellationToken);
                await client.DeleteVersionAsync(model.Name, twin.Version, cancellationToken);
            }
            if (standing.Count > 0) return standing[0];
            try
            {
                await lease.KeepAsync(cancellationToken);
                var created = await client.CreateVersionAsync(new()
                {
                    Name = model.Name,
                    Source = version.Source,
                    RunId = version.MadeBy is { } maker ? runIds.GetValueOrDefault(maker) : null,
                    Tags = version.Tags,
                }, cancellationToken);
                counts.Versions++;
                return created;
            }
            catch (MlflowException e) when (e is { MayHaveSucceeded: true, Permanent: false } && attempt < Tries)
            {
                await lease.KeepAsync(cancellationToken);
                standing = Of(version, await VersionsAsync(client, model.Name, cancellationToken));
            }
        }
    }

    async Task PointAsync(
        ProjectedModel model, MlflowModel registered, Dictionary<ArtifactRef, string> numbers, DeliveryLease lease, CancellationToken cancellationToken)
    {
        foreach (var (alias, artifact) in model.Aliases.OrderBy(a => a.Key, StringComparer.Ordinal))
        {
            if (registered.VersionOf(alias) == numbers[artifact]) continue;
            await lease.KeepAsync(cancellationToken);
            await client.SetAliasAsync(model.Name, alias, numbers[artifact], cancellationToken);
            counts.Aliases++;
        }
        foreach (var stale in registered.Aliases.Select(a => a.Alias).Where(a => model.OurAliases.Contains(a) && !model.Aliases.ContainsKey(a)))
        {
            await lease.KeepAsync(cancellationToken);
            await client.DeleteAliasAsync(model.Name, stale, cancellationToken);
            counts.Aliases++;
        }
    }
}
