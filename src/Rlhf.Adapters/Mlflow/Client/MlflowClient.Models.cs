namespace Rlhf.Adapters.Mlflow;

public sealed partial class MlflowClient
{
    sealed record OneModel(MlflowModel RegisteredModel);

    sealed record ModelPage : Page<MlflowModel>
    {
        public IReadOnlyList<MlflowModel> RegisteredModels { get; init; } = [];
        public override IReadOnlyList<MlflowModel> Items() => RegisteredModels;
    }

    /// <summary>
    /// Creates a registered model. Names are unique: after a failure that may have been a success
    /// (<see cref="MlflowException.MayHaveSucceeded"/>) ask for it by name, or use <see cref="EnsureModelAsync"/>, which does.
    /// </summary>
    public async Task<MlflowModel> CreateModelAsync(
        string name, string? description = null, IReadOnlyList<MlflowTag>? tags = null, CancellationToken cancellationToken = default) =>
        (await SendAsync<OneModel>(NewModel(name, description, tags) with { Once = true }, cancellationToken)).RegisteredModel;

    /// <summary>
    /// The registered model of that name, created where there is none; of many callers at once one creates it and all get it. Description and
    /// tags are only those of a new one.
    /// </summary>
    public async Task<MlflowModel> EnsureModelAsync(
        string name, string? description = null, IReadOnlyList<MlflowTag>? tags = null, CancellationToken cancellationToken = default)
    {
        var create = NewModel(name, description, tags);
        if (await FindModelAsync(name, cancellationToken) is { } found) return found;
        try
        {
            return (await SendAsync<OneModel>(create, cancellationToken)).RegisteredModel;
        }
        catch (MlflowException e) when (e.ErrorCode == MlflowErrors.AlreadyExists)
        {
            return await GetModelAsync(name, cancellationToken);
        }
    }

    /// <exception cref="MlflowException">There is none of that name (<see cref="MlflowErrors.DoesNotExist"/>).</exception>
    public async Task<MlflowModel> GetModelAsync(string name, CancellationToken cancellationToken = default) =>
        (await SendAsync<OneModel>(Get("registered-models/get", ("name", FieldRules.ModelName(name))), cancellationToken)).RegisteredModel;

    /// <summary>As <see cref="GetModelAsync"/>, or null where there is none.</summary>
    public Task<MlflowModel?> FindModelAsync(string name, CancellationToken cancellationToken = default) =>
        OrNoneAsync(GetModelAsync(name, cancellationToken));

    /// <summary>Every registered model that the filter lets through (null: all), page by page; see <see cref="MlflowFilter"/>.</summary>
    public IAsyncEnumerable<MlflowModel> SearchModelsAsync(
        string? filter = null, IReadOnlyList<string>? orderBy = null, int pageSize = 100, CancellationToken cancellationToken = default) =>
        AllAsync<ModelPage, MlflowModel>(
            token => Get("registered-models/search", SearchQuery(filter, orderBy, FieldRules.PageSize(pageSize, 1000), token)), cancellationToken);

    public async Task<MlflowModel> DescribeModelAsync(string name, string description, CancellationToken cancellationToken = default) =>
        (await SendAsync<OneModel>(Patch("registered-models/update",
            new { Name = FieldRules.ModelName(name), Description = FieldRules.Description(description) }), cancellationToken)).RegisteredModel;

    /// <summary>Deletes it with all its versions, for ever.</summary>
    public Task DeleteModelAsync(string name, CancellationToken cancellationToken = default) =>
        SendAsync(Delete("registered-models/delete", new { Name = FieldRules.ModelName(name) }), cancellationToken);

    public Task SetModelTagAsync(string name, MlflowTag tag, CancellationToken cancellationToken = default)
    {
        FieldRules.RegistryTag(tag);
        return SendAsync(Post("registered-models/set-tag", new { Name = FieldRules.ModelName(name), tag.Key, tag.Value }), cancellationToken);
    }

    public Task DeleteModelTagAsync(string name, string key, CancellationToken cancellationToken = default) =>
        SendAsync(Delete("registered-models/delete-tag", new { Name = FieldRules.ModelName(name), Key = FieldRules.Key("tag", key) }), cancellationToken);

    /// <summary>Points the alias to the version, wherever it pointed before: the server has no compare-and-set, so nothing may decide by it.</summary>
    public Task SetAliasAsync(string name, string alias, string version, CancellationToken cancellationToken = default) =>
        SendAsync(Post("registered-models/alias",
            new { Name = FieldRules.ModelName(name), Alias = FieldRules.Alias(alias), Version = FieldRules.Version(version) }), cancellationToken);

    /// <exception cref="MlflowException">The model has no such alias: <see cref="MlflowErrors.InvalidParameter"/>, on some servers
    /// <see cref="MlflowErrors.DoesNotExist"/>. <see cref="MlflowModel.VersionOf"/> asks without an error.</exception>
    public async Task<MlflowModelVersion> GetByAliasAsync(string name, string alias, CancellationToken cancellationToken = default) =>
        (await SendAsync<OneVersion>(
            Get("registered-models/alias", ("name", FieldRules.ModelName(name)), ("alias", FieldRules.Alias(alias))), cancellationToken)).ModelVersion;

    /// <summary>Removes the alias; no error where there is none.</summary>
    public Task DeleteAliasAsync(string name, string alias, CancellationToken cancellationToken = default) =>
        SendAsync(Delete("registered-models/alias", new { Name = FieldRules.ModelName(name), Alias = FieldRules.Alias(alias) }), cancellationToken);

    static MlflowRequest NewModel(string name, string? description, IReadOnlyList<MlflowTag>? tags)
    {
        foreach (var tag in tags ?? []) FieldRules.RegistryTag(tag);
        FieldRules.Unique("tag", (tags ?? []).Select(t => t.Key));
        return Post("registered-models/create", new
        {
            Name = FieldRules.ModelName(name),
            Description = description is null ? null : FieldRules.Description(description),
            Tags = OrNull(tags),
        });
    }

    static (string Key, string? Value)[] SearchQuery(string? filter, IReadOnlyList<string>? orderBy, int pageSize, string? token) =>
    [
        ("filter", filter),
        .. (orderBy ?? []).Select(order => ("order_by", (string?)order)),
        ("max_results", Text(pageSize)),
        ("page_token", token),
    ];
}
