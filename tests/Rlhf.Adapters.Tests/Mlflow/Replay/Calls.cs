using Rlhf.Adapters.Mlflow;

namespace Rlhf.Adapters.Tests.Mlflow.Replay;

/// <summary>Which of the client's methods sends to which route; null for a route that it does not use.</summary>
static class Calls
{
    public static Task<object?>? For(Exchange exchange, MlflowClient client, Recorded f, CancellationToken token)
    {
        const string artifact = "/api/2.0/mlflow-artifacts/artifacts";
        return exchange.Route switch
        {
            "GET /health" => Done(client.CheckHealthAsync(token)),
            "GET /version" => Value(client.GetServerVersionAsync(token)),
            "GET " + artifact => Value(client.ListProxyAsync("mlflow-artifacts:/" + f.OrNull("path"), "", token)),
            "PUT " + artifact + "/{}" => Done(client.PutArtifactAsync(f.Artifact().Uri, f.Artifact().Path, f.Content(), cancellationToken: token)),
            "GET " + artifact + "/{}" => Value(client.ReadArtifactAsync(f.Artifact().Uri, f.Artifact().Path, token)),
            "DELETE " + artifact + "/{}" => Done(client.DeleteArtifactAsync(f.Artifact().Uri, f.Artifact().Path, token)),
            "GET artifacts/list" => Value(client.ListArtifactsAsync(f.Text("run_id"), f.OrNull("path"), token)),
            _ => Experiment(exchange.Route, client, f, token) ?? Run(exchange.Route, client, f, token)
                ?? Model(exchange.Route, client, f, token) ?? Version(exchange.Route, client, f, token) ?? LoggedModel(exchange.Route, client, f, token),
        };
    }

    static Task<object?>? Experiment(string route, MlflowClient client, Recorded f, CancellationToken token) => route switch
    {
        "POST experiments/create" => Value(client.CreateExperimentAsync(f.Text("name"), f.Tags(), f.OrNull("artifact_location"), token)),
        "GET experiments/get" => Value(client.GetExperimentAsync(f.Text("experiment_id"), token)),
        "GET experiments/get-by-name" => Value(client.GetExperimentByNameAsync(f.Text("experiment_name"), token)),
        "POST experiments/search" => All(client.SearchExperimentsAsync(f.OrNull("filter"), f.Texts("order_by"), f.View("view_type"), f.PageSize(1000), token)),
        "POST experiments/set-experiment-tag" => Done(client.SetExperimentTagAsync(f.Text("experiment_id"), f.Tag(), token)),
        "POST experiments/update" => Done(client.RenameExperimentAsync(f.Text("experiment_id"), f.Text("new_name"), token)),
        "POST experiments/delete" => Done(client.DeleteExperimentAsync(f.Text("experiment_id"), token)),
        "POST experiments/restore" => Done(client.RestoreExperimentAsync(f.Text("experiment_id"), token)),
        _ => null,
    };

    static Task<object?>? Run(string route, MlflowClient client, Recorded f, CancellationToken token) => route switch
    {
        "POST runs/create" => Value(client.CreateRunAsync(new()
        {
            ExperimentId = f.Text("experiment_id"),
            Name = f.OrNull("run_name"),
            StartTime = f.Integer("start_time") ?? 1,
            Tags = f.Tags(),
        }, token)),
        "GET runs/get" => Value(client.GetRunAsync(f.Text("run_id"), token)),
        "POST runs/update" => Value(client.UpdateRunAsync(f.Text("run_id"), f.Status(), f.Integer("end_time"), f.OrNull("run_name"), token)),
        "POST runs/search" => All(client.SearchRunsAsync(
            f.Texts("experiment_ids") ?? [], f.OrNull("filter"), f.Texts("order_by"), f.View("run_view_type"), f.PageSize(1000), token)),
        "POST runs/delete" => Done(client.DeleteRunAsync(f.Text("run_id"), token)),
        "POST runs/restore" => Done(client.RestoreRunAsync(f.Text("run_id"), token)),
        "POST runs/set-tag" => Done(client.SetRunTagAsync(f.Text("run_id"), f.Tag(), token)),
        "POST runs/delete-tag" => Done(client.DeleteRunTagAsync(f.Text("run_id"), f.Text("key"), token)),
        "POST runs/log-metric" => Done(client.LogMetricAsync(f.Text("run_id"), f.Metric(), token)),
        "POST runs/log-parameter" => Done(client.LogParamAsync(f.Text("run_id"), f.Param(), token)),
        "POST runs/log-batch" => Done(client.LogBatchAsync(f.Text("run_id"), new()
        {
            Metrics = f.List<MlflowMetric>("metrics", "key", "value", "timestamp"),
            Params = f.Params(),
            Tags = f.Tags(),
        }, token)),
        "POST runs/log-inputs" => Done(client.LogInputsAsync(
            f.Text("run_id"), f.Datasets(), f.List<MlflowModelInput>("models", "model_id"), token)),
        "GET metrics/get-history" => All(client.GetMetricHistoryAsync(f.Text("run_id"), f.Text("metric_key"), f.PageSize(25_000), token)),
        _ => null,
    };

    static Task<object?>? Model(string route, MlflowClient client, Recorded f, CancellationToken token) => route switch
    {
        "POST registered-models/create" => Value(client.CreateModelAsync(f.Text("name"), f.OrNull("description"), f.Tags(), token)),
        "GET registered-models/get" => Value(client.GetModelAsync(f.Text("name"), token)),
        "GET registered-models/search" => All(client.SearchModelsAsync(f.OrNull("filter"), f.Texts("order_by"), f.PageSize(100), token)),
        "PATCH registered-models/update" => Value(client.DescribeModelAsync(f.Text("name"), f.Text("description"), token)),
        "DELETE registered-models/delete" => Done(client.DeleteModelAsync(f.Text("name"), token)),
        "POST registered-models/set-tag" => Done(client.SetModelTagAsync(f.Text("name"), f.Tag(), token)),
        "DELETE registered-models/delete-tag" => Done(client.DeleteModelTagAsync(f.Text("name"), f.Text("key"), token)),
        "POST registered-models/alias" => Done(client.SetAliasAsync(f.Text("name"), f.Text("alias"), f.Text("version"), token)),
        "GET registered-models/alias" => Value(client.GetByAliasAsync(f.Text("name"), f.Text("alias"), token)),
        "DELETE registered-models/alias" => Done(client.DeleteAliasAsync(f.Text("name"), f.Text("alias"), token)),
        _ => null,
    };

    static Task<object?>? Version(string route, MlflowClient client, Recorded f, CancellationToken token) => route switch
    {
        "POST model-versions/create" => Value(client.CreateVersionAsync(new()
        {
            Name = f.Text("name"),
            Source = f.Text("source"),
            RunId = f.OrNull("run_id"),
            Description = f.OrNull("description"),
            ModelId = f.OrNull("model_id"),
            Tags = f.Tags(),
        }, token)),
        "GET model-versions/get" => Value(client.GetVersionAsync(f.Text("name"), f.Text("version"), token)),
        "GET model-versions/search" => All(client.SearchVersionsAsync(f.OrNull("filter"), f.Texts("order_by"), f.PageSize(1000), token)),
        "PATCH model-versions/update" => Value(client.DescribeVersionAsync(f.Text("name"), f.Text("version"), f.Text("description"), token)),
        "DELETE model-versions/delete" => Done(client.DeleteVersionAsync(f.Text("name"), f.Text("version"), token)),
        "POST model-versions/set-tag" => Done(client.SetVersionTagAsync(f.Text("name"), f.Text("version"), f.Tag(), token)),
        "DELETE model-versions/delete-tag" => Done(client.DeleteVersionTagAsync(f.Text("name"), f.Text("version"), f.Text("key"), token)),
        _ => null,
    };

    static Task<object?>? LoggedModel(string route, MlflowClient client, Recorded f, CancellationToken token) => route switch
    {
        "POST logged-models" => Value(client.CreateLoggedModelAsync(new()
        {
            ExperimentId = f.Text("experiment_id"),
            Name = f.OrNull("name"),
            ModelType = f.OrNull("model_type"),
            SourceRunId = f.OrNull("source_run_id"),
            Params = f.List<MlflowParam>("params", "key", "value"),
            Tags = f.Tags(),
        }, token)),
        "GET logged-models/{}" => Value(client.GetLoggedModelAsync(f.Part(1), token)),
        "PATCH logged-models/{}" => Value(client.FinishLoggedModelAsync(f.OrNull("model_id") ?? f.Part(1), f.OrNull("status") == "LOGGED_MODEL_READY", token)),
        "DELETE logged-models/{}" => Done(client.DeleteLoggedModelAsync(f.Part(1), token)),
        "PATCH logged-models/{}/tags" => Done(client.SetLoggedModelTagsAsync(f.Part(2), f.Tags(), token)),
        "DELETE logged-models/{}/tags/{}" => Done(client.DeleteLoggedModelTagAsync(f.Part(3), f.Part(1), token)),
        "POST logged-models/{}/params" => Done(client.LogLoggedModelParamsAsync(f.OrNull("model_id") ?? f.Part(2), f.List<MlflowParam>("params", "key", "value"), token)),
        "GET logged-models/{}/artifacts/directories" => Value(client.ListLoggedModelArtifactsAsync(f.Part(3), token)),
        "POST logged-models/search" => All(client.SearchLoggedModelsAsync(f.Texts("experiment_ids") ?? [], f.OrNull("filter"), f.PageSize(50), token)),
        "POST runs/outputs" => Done(client.LogOutputsAsync(f.Text("run_id"), f.List<MlflowModelOutput>("models", "model_id"), token)),
        _ => null,
    };

    static async Task<object?> Done(Task call)
    {
        await call;
        return null;
    }

    static async Task<object?> Value<T>(Task<T> call) => await call;

    static async Task<object?> All<T>(IAsyncEnumerable<T> items) => await items.ToListAsync();
}
