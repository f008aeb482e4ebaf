using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Elsa.Descriptors;

/// <summary>Which parts of Elsa's API there are, by the names of the features that bring them in a server of Elsa's.</summary>
static class Features
{
    static readonly (string Name, string Description)[] Installed =
    [
        ("Workflows", "Workflows of Elsa's activities and of the steps."),
        ("Flowchart", "Flowcharts."),
        ("WorkflowDefinitions", "Definitions with drafts and versions."),
        ("WorkflowInstances", "Instances with their journals."),
        ("WorkflowManagement", "What Studio works with."),
        ("WorkflowRuntime", "A durable runtime."),
        ("WorkflowsApi", "This API."),
        ("RealTimeWorkflowUpdates", "Instances are followed live."),
        ("Alterations", "Faulted instances are tried again."),
        ("Scheduling", "Timers and cron."),
        ("JavaScript", "Scripts."),
        ("Identity", "Keys of this server."),
    ];

    public static Task ListAsync(HttpContext context) => Replies.ListAsync(context, Installed.Select(One));

    public static Task GetAsync(HttpContext context)
    {
        var name = Replies.Part(context, "fullName");
        return Installed.FirstOrDefault(f => $"Elsa.{f.Name}" == name) is { Name: not null } found ? Replies.WriteAsync(context, One(found)) : Replies.NotFoundAsync(context);
    }

    /// <summary>The version of this product: there is no package of Elsa's in it.</summary>
    public static Task VersionAsync(HttpContext context) => Replies.WriteAsync(context, new JsonObject { ["packageVersion"] = StepRunner.ProductVersion });

    static JsonNode One((string Name, string Description) feature) => new JsonObject
    {
        ["name"] = feature.Name,
        ["namespace"] = "Elsa",
        ["fullName"] = $"Elsa.{feature.Name}",
        ["displayName"] = feature.Name,
        ["description"] = feature.Description,
    };
}
