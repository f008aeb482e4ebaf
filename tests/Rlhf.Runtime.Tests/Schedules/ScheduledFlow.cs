using System.Text.Json.Nodes;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests.Schedules;

/// <summary>A workflow that its trigger or a person starts and that does one step, "Work", with the input "text".</summary>
internal static class ScheduledFlow
{
    public static JsonObject Cron(string expression, JsonObject? properties = null, string id = "daily") =>
        With("Elsa.Cron", id, "cronExpression", expression, properties);

    public static JsonObject With(string type, string id, string property, string value, JsonObject? properties = null)
    {
        var json = new FlowBuilder().Input("text", value: "nothing")
            .Add("start", "Elsa.Start")
            .Add(id, type, (property, FlowBuilder.Literal(value)), ("customProperties", new JsonObject { ["canStartWorkflow"] = true }))
            .Add("work", "Rlhf.Work", ("text", FlowBuilder.Script("getInput(\"text\")")))
            .Connect("start", "work").Connect(id, "work").Build();
        json["customProperties"] = properties ?? [];
        return json;
    }
}
