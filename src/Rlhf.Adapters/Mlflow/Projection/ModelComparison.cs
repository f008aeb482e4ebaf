namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>Compares a delivered registered model with the one on the server.</summary>
static class ModelComparison
{
    public static async Task<IReadOnlyList<TrackingDifference>> OfAsync(MlflowClient client, ProjectedModel model, CancellationToken cancellationToken)
    {
        if (await client.FindModelAsync(model.Name, cancellationToken) is not { } registered) return [new($"model {model.Name}", "is missing")];
        var standing = await ModelDelivery.VersionsAsync(client, model.Name, cancellationToken);
        return [.. model.Versions.SelectMany(v => Version(model, v, ModelDelivery.Of(v, standing))), .. Aliases(model, registered, standing)];
    }

    static IEnumerable<TrackingDifference> Version(ProjectedModel model, ProjectedVersion version, List<MlflowModelVersion> found)
    {
        var what = $"model {model.Name}, our version {version.Number}";
        if (found.Count == 0)
        {
            yield return new(what, "is missing");
            yield break;
        }
        var one = found[0];
        if (found.Count > 1) yield return new(what, $"stands there {found.Count} times: {string.Join(", ", found.Select(v => v.Version))}");
        foreach (var tag in version.Tags.Where(t => one.Tag(t.Key) != t.Value))
            yield return new(what, $"tag {tag.Key} is {(one.Tag(tag.Key) is { } value ? $"'{value}'" : "missing")}, expected '{tag.Value}'");
        // To make it anew would give another number to what may be in use.
        if (one.Source != version.Source) yield return new(what, $"source is '{one.Source}', expected '{version.Source}'; MLflow can't change it", Repairable: false);
    }

    static IEnumerable<TrackingDifference> Aliases(ProjectedModel model, MlflowModel registered, List<MlflowModelVersion> standing)
    {
        foreach (var (alias, artifact) in model.Aliases)
        {
            var version = model.Versions.First(v => v.Artifact == artifact);
            var expected = ModelDelivery.Of(version, standing).FirstOrDefault()?.Version;
            if (expected is not null && registered.VersionOf(alias) is var actual && actual != expected)
                yield return new($"alias {alias} of {model.Name}", $"is {(actual is null ? "missing" : $"version {actual}")}, expected {expected} (our version {version.Number})");
        }
        foreach (var extra in registered.Aliases.Where(a => !model.Aliases.ContainsKey(a.Alias)))
        {
            var ours = model.OurAliases.Contains(extra.Alias);
            yield return new($"alias {extra.Alias} of {model.Name}", $"is version {extra.Version}, expected none{(ours ? "" : "; it is not of this store's names and is left alone")}", ours);
        }
    }
}
