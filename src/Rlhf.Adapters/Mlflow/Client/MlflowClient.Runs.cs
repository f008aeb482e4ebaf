namespace Rlhf.Adapters.Mlflow;

/// <summary>A run to be created.</summary>
public sealed record MlflowNewRun
{
    public required string ExperimentId { get; init; }

    /// <summary>Null: the server makes one up. At most 250 characters.</summary>
    public string? Name { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public required long StartTime { get; init; }

    /// <summary>With <see cref="MlflowClient.ParentRun"/> the run is nested below another.</summary>
    public IReadOnlyList<MlflowTag> Tags { get; init; } = [];
}

public sealed partial class MlflowClient
{
    /// <summary>The key of the tag that nests a run below the run whose id is its value.</summary>
    public const string ParentRun = "mlflow.parentRunId";

    sealed record OneRun(MlflowRun Run);

    sealed record UpdatedRun(MlflowRunInfo RunInfo);

    sealed record RunPage : Page<MlflowRun>
    {
        public IReadOnlyList<MlflowRun> Runs { get; init; } = [];
        public override IReadOnlyList<MlflowRun> Items() => Runs;
    }

    /// <summary>
    /// Creates a run. The server makes up its id, so this is not sent again once it may have been carried out
    /// (<see cref="MlflowException.MayHaveSucceeded"/>): give each run a tag of its own, and look with <see cref="FindRunsByTagAsync"/>
    /// before creating it and after such a failure.
    /// </summary>
    public async Task<MlflowRun> CreateRunAsync(MlflowNewRun run, CancellationToken cancellationToken = default)
    {
        foreach (var tag in run.Tags) FieldRules.RunTag(tag);
        FieldRules.Unique("tag", run.Tags.Select(t => t.Key));
        return (await SendAsync<OneRun>(Post("runs/create", new
        {
            ExperimentId = FieldRules.Id("experiment", run.ExperimentId),
            RunName = run.Name is null ? null : FieldRules.RunName(run.Name),
            StartTime = FieldRules.Time("start", run.StartTime),
            Tags = OrNull(run.Tags),
        }) with
        { Once = true }, cancellationToken)).Run;
    }

    public async Task<MlflowRun> GetRunAsync(string runId, CancellationToken cancellationToken = default) =>
        (await SendAsync<OneRun>(Get("runs/get", ("run_id", FieldRules.Id("run", runId))), cancellationToken)).Run;

    /// <summary>Sets what is not null; times in milliseconds since 1970.</summary>
    public async Task<MlflowRunInfo> UpdateRunAsync(
        string runId, MlflowRunStatus? status = null, long? endTime = null, string? name = null, CancellationToken cancellationToken = default) =>
        (await SendAsync<UpdatedRun>(Post("runs/update", new
        {
            RunId = FieldRules.Id("run", runId),
            Status = FieldRules.Status(status),
            EndTime = endTime is { } end ? FieldRules.Time("end", end) : (long?)null,
            RunName = name is null ? null : FieldRules.RunName(name),
        }), cancellationToken)).RunInfo;

    /// <summary>
    /// Every run of these experiments that the filter lets through (null: all), page by page; what is created meanwhile may be missed or come
    /// twice. A filter is terms joined by AND, see <see cref="MlflowFilter"/>; an order such as <c>attributes.start_time DESC</c>.
    /// </summary>
    public IAsyncEnumerable<MlflowRun> SearchRunsAsync(
        IReadOnlyList<string> experimentIds, string? filter = null, IReadOnlyList<string>? orderBy = null, MlflowView view = MlflowView.ActiveOnly,
        int pageSize = 1000, CancellationToken cancellationToken = default) =>
        AllAsync<RunPage, MlflowRun>(token => Post("runs/search", new
        {
            ExperimentIds = experimentIds.Select(id => FieldRules.Id("experiment", id)).ToList(),
            Filter = filter,
            RunViewType = view,
            MaxResults = FieldRules.PageSize(pageSize, 50_000),
            OrderBy = OrNull(orderBy),
            PageToken = token,
        }), cancellationToken);

    /// <summary>The active runs of an experiment that have the tag, the oldest first: more than one where a creation was repeated.</summary>
    public async Task<IReadOnlyList<MlflowRun>> FindRunsByTagAsync(string experimentId, MlflowTag tag, CancellationToken cancellationToken = default) =>
        await SearchRunsAsync([experimentId], MlflowFilter.Tag(tag), ["attributes.start_time ASC"], cancellationToken: cancellationToken)
            // Some databases compare texts without regard to case.
            .Where(run => run.Tag(tag.Key) == tag.Value)
            .ToListAsync(cancellationToken);

    public Task SetRunTagAsync(string runId, MlflowTag tag, CancellationToken cancellationToken = default)
    {
        FieldRules.RunTag(tag);
        return SendAsync(Post("runs/set-tag", new { RunId = FieldRules.Id("run", runId), tag.Key, tag.Value }), cancellationToken);
    }

    /// <exception cref="MlflowException">The run has no such tag (<see cref="MlflowErrors.DoesNotExist"/>).</exception>
    public Task DeleteRunTagAsync(string runId, string key, CancellationToken cancellationToken = default) =>
        SendAsync(Post("runs/delete-tag", new { RunId = FieldRules.Id("run", runId), Key = FieldRules.Key("tag", key) }) with { GoneIsDone = true }, cancellationToken);

    /// <summary>Marks the run as deleted; nothing can be logged to it then. Deleting it twice is no error.</summary>
    public Task DeleteRunAsync(string runId, CancellationToken cancellationToken = default) =>
        SendAsync(Post("runs/delete", new { RunId = FieldRules.Id("run", runId) }), cancellationToken);

    public Task RestoreRunAsync(string runId, CancellationToken cancellationToken = default) =>
        SendAsync(Post("runs/restore", new { RunId = FieldRules.Id("run", runId) }), cancellationToken);
}
