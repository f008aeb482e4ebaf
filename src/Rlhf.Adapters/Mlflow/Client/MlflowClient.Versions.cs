namespace Rlhf.Adapters.Mlflow;

/// <summary>A version of a registered model to be created.</summary>
public sealed record MlflowNewVersion
{
    public required string Name { get; init; }

    /// <summary>The URI of what it is; a local path is refused by the server unless it lies in the run's artifacts. At most 500 characters.</summary>
    public required string Source { get; init; }
    public string? RunId { get; init; }
    public string? Description { get; init; }

    /// <summary>The LoggedModel that it is (MLflow 3); an older server ignores it.</summary>
    public string? ModelId { get; init; }
    public IReadOnlyList<MlflowTag> Tags { get; init; } = [];
}

public sealed partial class MlflowClient
{
    sealed record OneVersion(MlflowModelVersion ModelVersion);

    sealed record VersionPage : Page<MlflowModelVersion>
    {
        public IReadOnlyList<MlflowModelVersion> ModelVersions { get; init; } = [];
        public override IReadOnlyList<MlflowModelVersion> Items() => ModelVersions;
    }

    /// <summary>
    /// Creates the next version of a registered model. The server makes up its number, so this is not sent again once it may have been carried
    /// out (<see cref="MlflowException.MayHaveSucceeded"/>): give each version a tag of its own, and look with
    /// <see cref="FindVersionsByTagAsync"/> before creating it and after such a failure.
    /// </summary>
    public async Task<MlflowModelVersion> CreateVersionAsync(MlflowNewVersion version, CancellationToken cancellationToken = default)
    {
        foreach (var tag in version.Tags) FieldRules.RegistryTag(tag);
        FieldRules.Unique("tag", version.Tags.Select(t => t.Key));
        return (await SendAsync<OneVersion>(Post("model-versions/create", new
        {
            Name = FieldRules.ModelName(version.Name),
            Source = FieldRules.Source(version.Source),
            RunId = version.RunId is null ? null : FieldRules.Id("run", version.RunId),
            Description = version.Description is null ? null : FieldRules.Description(version.Description),
            version.ModelId,
            Tags = OrNull(version.Tags),
        }) with
        { Once = true }, cancellationToken)).ModelVersion;
    }

    public async Task<MlflowModelVersion> GetVersionAsync(string name, string version, CancellationToken cancellationToken = default) =>
        (await SendAsync<OneVersion>(
            Get("model-versions/get", ("name", FieldRules.ModelName(name)), ("version", FieldRules.Version(version))), cancellationToken)).ModelVersion;

    /// <summary>Every version that the filter lets through (null: all of all models), page by page; see <see cref="MlflowFilter"/>.</summary>
    public IAsyncEnumerable<MlflowModelVersion> SearchVersionsAsync(
        string? filter = null, IReadOnlyList<string>? orderBy = null, int pageSize = 1000, CancellationToken cancellationToken = default) =>
        AllAsync<VersionPage, MlflowModelVersion>(
            token => Get("model-versions/search", SearchQuery(filter, orderBy, FieldRules.PageSize(pageSize, 200_000), token)), cancellationToken);

    /// <summary>The versions of a model that have the tag, the oldest first: more than one where a creation was repeated.</summary>
    public async Task<IReadOnlyList<MlflowModelVersion>> FindVersionsByTagAsync(
        string name, MlflowTag tag, CancellationToken cancellationToken = default) =>
    [
        // Some databases compare texts without regard to case.
        .. (await SearchVersionsAsync(MlflowFilter.And(MlflowFilter.Name(FieldRules.ModelName(name)), MlflowFilter.Tag(tag)), cancellationToken: cancellationToken)
            .Where(v => v.Name == name && v.Tag(tag.Key) == tag.Value)
            .ToListAsync(cancellationToken))
            .OrderBy(v => long.Parse(v.Version)),
    ];

    public async Task<MlflowModelVersion> DescribeVersionAsync(
        string name, string version, string description, CancellationToken cancellationToken = default) =>
        (await SendAsync<OneVersion>(Patch("model-versions/update", new
        {
            Name = FieldRules.ModelName(name),
            Version = FieldRules.Version(version),
            Description = FieldRules.Description(description),
        }), cancellationToken)).ModelVersion;

    /// <summary>Deletes the version for ever, with the aliases that name it.</summary>
    public Task DeleteVersionAsync(string name, string version, CancellationToken cancellationToken = default) =>
        SendAsync(Delete("model-versions/delete", new { Name = FieldRules.ModelName(name), Version = FieldRules.Version(version) }), cancellationToken);

    public Task SetVersionTagAsync(string name, string version, MlflowTag tag, CancellationToken cancellationToken = default)
    {
        FieldRules.RegistryTag(tag);
        return SendAsync(Post("model-versions/set-tag",
            new { Name = FieldRules.ModelName(name), Version = FieldRules.Version(version), tag.Key, tag.Value }), cancellationToken);
    }

    public Task DeleteVersionTagAsync(string name, string version, string key, CancellationToken cancellationToken = default) =>
        SendAsync(Delete("model-versions/delete-tag",
            new { Name = FieldRules.ModelName(name), Version = FieldRules.Version(version), Key = FieldRules.Key("tag", key) }), cancellationToken);
}
