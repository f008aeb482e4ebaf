namespace Rlhf.Adapters.Mlflow;

// All of this is MLflow 3's; an older server has no such routes, which is MlflowErrors.NotSupportedHere.
public sealed partial class MlflowClient
{
    const string LoggedModels = "LoggedModels";

    sealed record OneLoggedModel(MlflowLoggedModel Model);

    sealed record LoggedModelPage : Page<MlflowLoggedModel>
    {
        public IReadOnlyList<MlflowLoggedModel> Models { get; init; } = [];
        public override IReadOnlyList<MlflowLoggedModel> Items() => Models;
    }

    /// <summary>
    /// Creates a LoggedModel, pending until <see cref="FinishLoggedModelAsync"/>. The server makes up its id, so this is not sent again once
    /// it may have been carried out (<see cref="MlflowException.MayHaveSucceeded"/>): look with <see cref="SearchLoggedModelsAsync"/> for its
    /// name or a tag of its own before creating it and after such a failure.
    /// </summary>
    public async Task<MlflowLoggedModel> CreateLoggedModelAsync(MlflowNewLoggedModel model, CancellationToken cancellationToken = default)
    {
        FieldRules.Id("experiment", model.ExperimentId);
        if (model.Name is not null) FieldRules.LoggedModelName(model.Name);
        if (model.SourceRunId is not null) FieldRules.Id("run", model.SourceRunId);
        foreach (var param in model.Params) FieldRules.Param(param);
        foreach (var tag in model.Tags) FieldRules.RunTag(tag);
        FieldRules.Unique("param", model.Params.Select(p => p.Key));
        FieldRules.Unique("tag", model.Tags.Select(t => t.Key));
        return (await SendAsync<OneLoggedModel>(Post("logged-models", new
        {
            model.ExperimentId,
            model.Name,
            model.ModelType,
            model.SourceRunId,
            Params = OrNull(model.Params),
            Tags = OrNull(model.Tags),
        }) with
        { Once = true, Needs = LoggedModels }, cancellationToken)).Model;
    }

    public async Task<MlflowLoggedModel> GetLoggedModelAsync(string modelId, CancellationToken cancellationToken = default) =>
        (await SendAsync<OneLoggedModel>(Get(Route(modelId)) with { Needs = LoggedModels }, cancellationToken)).Model;

    /// <summary>Says that a LoggedModel is complete, or that it will not be.</summary>
    public async Task<MlflowLoggedModel> FinishLoggedModelAsync(string modelId, bool ready = true, CancellationToken cancellationToken = default) =>
        (await SendAsync<OneLoggedModel>(Patch(Route(modelId),
            new { ModelId = modelId, Status = ready ? "LOGGED_MODEL_READY" : "LOGGED_MODEL_UPLOAD_FAILED" }) with
        { Needs = LoggedModels }, cancellationToken)).Model;

    /// <summary>Every LoggedModel of these experiments that the filter lets through (null: all), page by page.</summary>
    public IAsyncEnumerable<MlflowLoggedModel> SearchLoggedModelsAsync(
        IReadOnlyList<string> experimentIds, string? filter = null, int pageSize = 50, CancellationToken cancellationToken = default) =>
        AllAsync<LoggedModelPage, MlflowLoggedModel>(token => Post("logged-models/search", new
        {
            ExperimentIds = experimentIds.Select(id => FieldRules.Id("experiment", id)).ToList(),
            Filter = filter,
            MaxResults = FieldRules.PageSize(pageSize, 50),
            PageToken = token,
        }) with
        { Needs = LoggedModels }, cancellationToken);

    public Task SetLoggedModelTagsAsync(string modelId, IReadOnlyList<MlflowTag> tags, CancellationToken cancellationToken = default)
    {
        foreach (var tag in tags) FieldRules.RunTag(tag);
        FieldRules.Unique("tag", tags.Select(t => t.Key));
        return SendAsync(Patch(Route(modelId) + "/tags", new { Tags = tags }) with { Needs = LoggedModels }, cancellationToken);
    }

    public Task DeleteLoggedModelTagAsync(string modelId, string key, CancellationToken cancellationToken = default) =>
        SendAsync(Delete($"{Route(modelId)}/tags/{Uri.EscapeDataString(FieldRules.Key("tag", key))}") with { Needs = LoggedModels }, cancellationToken);

    public Task LogLoggedModelParamsAsync(string modelId, IReadOnlyList<MlflowParam> @params, CancellationToken cancellationToken = default)
    {
        foreach (var param in @params) FieldRules.Param(param);
        FieldRules.Unique("param", @params.Select(p => p.Key));
        return SendAsync(Post(Route(modelId) + "/params", new { ModelId = modelId, Params = @params }) with { Needs = LoggedModels }, cancellationToken);
    }

    /// <summary>The URI below which a LoggedModel's artifacts lie, and the files there, with paths relative to it.</summary>
    public Task<MlflowArtifacts> ListLoggedModelArtifactsAsync(string modelId, CancellationToken cancellationToken = default) =>
        SendAsync<MlflowArtifacts>(Get(Route(modelId) + "/artifacts/directories") with { Needs = LoggedModels }, cancellationToken);

    public Task DeleteLoggedModelAsync(string modelId, CancellationToken cancellationToken = default) =>
        SendAsync(Delete(Route(modelId)) with { Needs = LoggedModels }, cancellationToken);

    /// <summary>Says which LoggedModels the run made; the same again adds nothing.</summary>
    public Task LogOutputsAsync(string runId, IReadOnlyList<MlflowModelOutput> models, CancellationToken cancellationToken = default) =>
        SendAsync(Post("runs/outputs", new { RunId = FieldRules.Id("run", runId), Models = models }) with { Needs = "outputs of runs" }, cancellationToken);

    static string Route(string modelId) => "logged-models/" + FieldRules.Id("LoggedModel", modelId);
}
