using Microsoft.AspNetCore.Http;
using Rlhf.Server.Access;
using Rlhf.Server.Elsa.Forwarding;

namespace Rlhf.Server.Elsa.Instances;

static class InstanceRoutes
{
    public static IReadOnlyList<Route> All { get; } =
    [
        See("GET", "/workflow-instances", InstanceApi.ListAsync),
        See("POST", "/workflow-instances", InstanceApi.SearchAsync),
        See("GET", "/workflow-instances/{id}", InstanceApi.GetAsync),
        See("GET", "/workflow-instances/{id}/execution-state", InstanceApi.ExecutionStateAsync),
        See("GET", "/workflow-instances/{id}/journal", InstanceApi.JournalAsync),
        See("POST", "/workflow-instances/{id}/journal", InstanceApi.FilteredJournalAsync),
        See("GET", "/workflow-instances/{id}/journal/{activityId}", InstanceApi.LastEntryAsync),
        See("GET", "/workflow-instances/{id}/variables", InstanceApi.VariablesAsync),
        Do("POST", "/workflow-instances/{id}/variables", InstanceApi.ChangeVariablesAsync),
        See("GET", "/workflow-instances/{id}/export", InstanceExport.ExportAsync),
        See("POST", "/workflow-instances/{id}/export", InstanceExport.ExportAsync),
        See("GET", "/bulk-actions/export/workflow-instances", InstanceExport.ExportManyAsync),
        See("POST", "/bulk-actions/export/workflow-instances", InstanceExport.ExportManyAsync),
        Do("POST", "/bulk-actions/import/workflow-instances", InstanceApi.ImportAsync),
        Do("DELETE", "/workflow-instances/{id}", ChangeApi.DeleteAsync),
        Do("POST", "/bulk-actions/delete/workflow-instances", ChangeApi.DeleteManyAsync),
        Do("POST", "/bulk-actions/delete/workflow-instances/by-id", ChangeApi.DeleteManyAsync),
        Do("POST", "/cancel/workflow-instances/{id}", ChangeApi.CancelAsync),
        Do("POST", "/bulk-actions/cancel/workflow-instances", ChangeApi.CancelManyAsync),
        Do("POST", "/alterations/workflows/retry", ChangeApi.RetryAsync),
        Do("POST", "/alterations/run", AlterationApi.RunAsync),
        Do("POST", "/alterations/submit", AlterationApi.SubmitAsync),
        See("POST", "/alterations/dry-run", AlterationApi.DryRunAsync),
        Do("POST", "/events/{eventName}/trigger", ChangeApi.TriggerAsync),
        Do("POST", "/tasks/{taskId}/complete", ChangeApi.CompleteTaskAsync),

        See("GET", "/activity-executions/list", RunApi.ListAsync),
        See("GET", "/activity-executions/count", RunApi.CountAsync),
        // Elsa has it since 3.8; the same by path it has always had.
        See("GET", "/activity-executions/by-id", RunApi.ByQueryAsync) with { InElsa = Forwarder.To(ElsaApi.Prefix + "/activity-executions/{id}") },
        See("GET", "/activity-executions/{id}", RunApi.ByPathAsync),
        See("POST", "/activity-executions/report", RunApi.ReportAsync),
        See("GET", "/activity-execution-summaries/list", RunApi.SummariesAsync),
        See("GET", "/resilience/retries/{id}", RunApi.RetriesAsync),

        Do("GET", "/workflow-definitions/{id}/execute", StartApi.ExecuteByQueryAsync) with { Changes = true },
        Do("POST", "/workflow-definitions/{id}/execute", StartApi.ExecuteByBodyAsync),
        Do("POST", "/workflow-definitions/{id}/dispatch", StartApi.DispatchAsync),
        Do("POST", "/workflow-definitions/{id}/bulk-dispatch", StartApi.DispatchManyAsync),
    ];

    static Route See(string method, string pattern, RequestDelegate handle) => ElsaApi.Route(method, pattern, Permission.View, handle);

    static Route Do(string method, string pattern, RequestDelegate handle) => ElsaApi.Route(method, pattern, Permission.Operate, handle);
}
