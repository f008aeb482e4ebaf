namespace Rlhf.Adapters.Mlflow;

public sealed partial class MlflowClient
{
    sealed record CreatedExperiment(string ExperimentId);

    sealed record OneExperiment(MlflowExperiment Experiment);

    sealed record ExperimentPage : Page<MlflowExperiment>
    {
        public IReadOnlyList<MlflowExperiment> Experiments { get; init; } = [];
        public override IReadOnlyList<MlflowExperiment> Items() => Experiments;
    }

    /// <summary>
    /// Creates an experiment and returns its id. Names are unique, deleted experiments included: after a failure that may have been a success
    /// (<see cref="MlflowException.MayHaveSucceeded"/>) ask for it by name, or use <see cref="EnsureExperimentAsync"/>, which does.
    /// </summary>
    public async Task<string> CreateExperimentAsync(
        string name, IReadOnlyList<MlflowTag>? tags = null, string? artifactLocation = null, CancellationToken cancellationToken = default) =>
        (await SendAsync<CreatedExperiment>(NewExperiment(name, tags, artifactLocation) with { Once = true }, cancellationToken)).ExperimentId;

    /// <summary>
    /// The experiment of that name, created where there is none; of many callers at once one creates it and all get it. The tags are only those
    /// of a new one.
    /// </summary>
    /// <exception cref="MlflowException">It exists and is deleted (<see cref="MlflowErrors.InvalidState"/>), so that no run can be added, or the request failed.</exception>
    public async Task<MlflowExperiment> EnsureExperimentAsync(
        string name, IReadOnlyList<MlflowTag>? tags = null, string? artifactLocation = null, CancellationToken cancellationToken = default)
    {
        var create = NewExperiment(name, tags, artifactLocation);
        var found = await FindExperimentAsync(name, cancellationToken);
        if (found is null)
        {
            try
            {
                // Sent again by the pipeline: that it exists then, by this request or by somebody's, is what is wanted.
                await SendAsync<CreatedExperiment>(create, cancellationToken);
            }
            catch (MlflowException e) when (e.ErrorCode == MlflowErrors.AlreadyExists)
            {
            }
            found = await GetExperimentByNameAsync(name, cancellationToken);
        }
        if (found.IsDeleted)
            throw new MlflowException(create, MlflowErrors.InvalidState,
                $"the experiment '{name}' ({found.ExperimentId}) is deleted on the server; restore it or use another name.")
            { Permanent = true };
        return found;
    }

    public async Task<MlflowExperiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken = default) =>
        (await SendAsync<OneExperiment>(Get("experiments/get", ("experiment_id", FieldRules.Id("experiment", experimentId))), cancellationToken)).Experiment;

    /// <exception cref="MlflowException">There is none of that name (<see cref="MlflowErrors.DoesNotExist"/>); a deleted one is returned.</exception>
    public async Task<MlflowExperiment> GetExperimentByNameAsync(string name, CancellationToken cancellationToken = default) =>
        (await SendAsync<OneExperiment>(Get("experiments/get-by-name", ("experiment_name", FieldRules.ExperimentName(name))), cancellationToken)).Experiment;

    /// <summary>As <see cref="GetExperimentByNameAsync"/>, or null where there is none.</summary>
    public Task<MlflowExperiment?> FindExperimentAsync(string name, CancellationToken cancellationToken = default) =>
        OrNoneAsync(GetExperimentByNameAsync(name, cancellationToken));

    /// <summary>Every experiment that the filter lets through (null: all), page by page; what is created meanwhile may be missed or come twice.</summary>
    public IAsyncEnumerable<MlflowExperiment> SearchExperimentsAsync(
        string? filter = null, IReadOnlyList<string>? orderBy = null, MlflowView view = MlflowView.ActiveOnly, int pageSize = 1000,
        CancellationToken cancellationToken = default) =>
        AllAsync<ExperimentPage, MlflowExperiment>(token => Post("experiments/search", new
        {
            MaxResults = FieldRules.PageSize(pageSize, 50_000),
            Filter = filter,
            OrderBy = OrNull(orderBy),
            ViewType = view,
            PageToken = token,
        }), cancellationToken);

    public Task SetExperimentTagAsync(string experimentId, MlflowTag tag, CancellationToken cancellationToken = default)
    {
        FieldRules.ExperimentTag(tag);
        return SendAsync(Post("experiments/set-experiment-tag",
            new { ExperimentId = FieldRules.Id("experiment", experimentId), tag.Key, tag.Value }), cancellationToken);
    }

    /// <exception cref="MlflowException">The name is taken (<see cref="MlflowErrors.AlreadyExists"/>, on some servers <see cref="MlflowErrors.BadRequest"/>).</exception>
    public Task RenameExperimentAsync(string experimentId, string name, CancellationToken cancellationToken = default) =>
        SendAsync(Post("experiments/update",
            new { ExperimentId = FieldRules.Id("experiment", experimentId), NewName = FieldRules.ExperimentName(name) }), cancellationToken);

    /// <summary>Marks it and its runs as deleted; its name stays taken.</summary>
    public Task DeleteExperimentAsync(string experimentId, CancellationToken cancellationToken = default) =>
        SendAsync(Post("experiments/delete", new { ExperimentId = FieldRules.Id("experiment", experimentId) }) with { GoneIsDone = true }, cancellationToken);

    public Task RestoreExperimentAsync(string experimentId, CancellationToken cancellationToken = default) =>
        SendAsync(Post("experiments/restore", new { ExperimentId = FieldRules.Id("experiment", experimentId) }) with { GoneIsDone = true }, cancellationToken);

    static MlflowRequest NewExperiment(string name, IReadOnlyList<MlflowTag>? tags, string? artifactLocation)
    {
        foreach (var tag in tags ?? []) FieldRules.ExperimentTag(tag);
        FieldRules.Unique("tag", (tags ?? []).Select(t => t.Key));
        return Post("experiments/create", new { Name = FieldRules.ExperimentName(name), ArtifactLocation = artifactLocation, Tags = OrNull(tags) });
    }

    static async Task<T?> OrNoneAsync<T>(Task<T> found) where T : class
    {
        try
        {
            return await found;
        }
        catch (MlflowException e) when (e.ErrorCode == MlflowErrors.DoesNotExist)
        {
            return null;
        }
    }
}
