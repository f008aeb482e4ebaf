using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

public class WorkflowTriggersTests
{
    [Fact]
    public void What_can_start_the_workflow_in_its_root_is_a_trigger_and_nothing_else_is()
    {
        var json = new FlowBuilder()
            .Add("tick", "Elsa.Cron", ("cronExpression", FlowBuilder.Literal("0 3 * * *"))).Add("often", "Elsa.Timer").Event("told", "go")
            .Add("off", "Elsa.Cron", ("cronExpression", FlowBuilder.Literal(""))).Event("later", "late").Line("line").Build();
        foreach (var id in new[] { 0, 1, 2, 3, 5 }) json["root"]!["activities"]![id]!["customProperties"] = new JsonObject { ["canStartWorkflow"] = true };

        var triggers = WorkflowTriggers.Of(Some.Read(json));

        Assert.Equal([new("tick", TriggerKind.Cron, "0 3 * * *"), new("often", TriggerKind.Timer, "00:01:00"), new("told", TriggerKind.Event, "go")], triggers);
    }

    [Theory]
    [InlineData("0 3 * * *", "UTC", "2025-03-30T00:30:00Z", "2025-03-30T03:00:00Z")]
    [InlineData("0 0 3 * * *", "UTC", "2025-03-30T00:30:00Z", "2025-03-30T03:00:00Z")]
    [InlineData("*/5 * * * * *", "UTC", "2025-03-30T00:30:01Z", "2025-03-30T00:30:05Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2025-03-30T00:30:00Z", "2025-03-30T01:00:00Z")] // 02:30 does not exist on that day
    public void A_cron_trigger_knows_its_next_time_in_a_zone(string cron, string zone, string after, string expected)
    {
        var next = new WorkflowTrigger("tick", TriggerKind.Cron, cron).Next(DateTimeOffset.Parse(after), TimeZoneInfo.FindSystemTimeZoneById(zone));

        Assert.Equal(DateTimeOffset.Parse(expected), next);
    }

    [Fact]
    public void A_timer_fires_an_interval_later_and_an_event_at_no_time()
    {
        Assert.Equal(Some.Time.AddHours(6), new WorkflowTrigger("t", TriggerKind.Timer, "06:00:00").Next(Some.Time, TimeZoneInfo.Utc));
        Assert.Null(new WorkflowTrigger("t", TriggerKind.Event, "go").Next(Some.Time, TimeZoneInfo.Utc));
    }

    [Fact]
    public void Options_and_properties_of_the_file_are_known()
    {
        var flow = new FlowBuilder().Line("only");
        flow.Options["activationStrategyType"] = "Elsa.Workflows.Runtime.ActivationValidators.SingletonStrategy, Elsa.Workflows.Runtime";
        flow.Options["incidentStrategyType"] = "Elsa.Workflows.IncidentStrategies.ContinueWithIncidentsStrategy, Elsa.Workflows.Core";
        var json = flow.Build();
        json["customProperties"] = new JsonObject { ["missed"] = "skip", ["limit"] = 3, ["more"] = new JsonObject() };

        var definition = Some.Read(json);

        Assert.True(definition.Singleton);
        Assert.True(definition.ContinuesWithIncidents);
        Assert.Equal("limit=3 missed=skip", string.Join(" ", definition.CustomProperties.OrderBy(p => p.Key).Select(p => $"{p.Key}={p.Value}")));
    }
}
