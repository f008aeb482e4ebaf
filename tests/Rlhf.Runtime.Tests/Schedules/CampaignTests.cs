using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests.Schedules;

/// <summary><c>workflows/rlhf-campaign.json</c> with the rounds of <c>workflows/rlhf-round.json</c>, the steps' real contracts and no work done.</summary>
public sealed class CampaignTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly FakeTimeProvider _time = new(Some.Time); // a Saturday
    readonly Queue<string> _gate = new();
    readonly List<ContractStep> _steps;
    string? _latest = "prompts/" + new string('1', 64);

    bool _monitored;
    Queue<string> _probe = new();

    public CampaignTests() => _steps = ContractStep.All(e => e.Activity switch
    {
        "decide-gate" => _gate.Dequeue(),
        "train-policy" when _monitored => "Checkpoint",
        "measure-overoptimization" => "Stop",
        "probe-reward-model" => _probe.Dequeue(),
        _ => null,
    });

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_file_has_no_findings()
    {
        var definition = new DefinitionReader(Some.Catalog(_steps)).Read(Text("rlhf-campaign.json"), "rlhf-campaign.json");

        var findings = WorkflowLint.Check(definition);

        Assert.Empty(findings);
        Assert.True(definition.Singleton);
    }

    [Theory]
    [InlineData(3, 1, "Promote Promote Promote", 3, 3, "Budget")] // the budget is used up
    [InlineData(3, 1, "Promote Reject", 2, 1, "Gate")] // the gate ends it
    [InlineData(6, 2, "Reject Promote Reject Reject", 4, 1, "Gate")] // two rejections, but in a row only
    [InlineData(1, 1, "Reject", 1, 0, "Gate")]
    public async Task A_campaign_goes_on_until_its_budget_or_the_gate_ends_it(int maxRounds, int maxRejections, string gate, int rounds, int promotions, string ended)
    {
        foreach (var outcome in gate.Split(' ')) _gate.Enqueue(outcome);
        using var node = Open();
        var definition = await PublishAsync(node);

        var id = await node.StartAsync(definition, new() { ["maxRounds"] = maxRounds, ["maxRejections"] = maxRejections, ["seed"] = 41 });
        await node.TickAsync();

        var campaign = (await node.Store.LoadAsync(id, default)).State;
        var runs = await node.InstancesAsync("rlhf-round");
        Assert.Equal(WorkflowStatus.Finished, campaign.Status);
        Assert.Equal((rounds, promotions, ended), ((int)campaign.Outputs["rounds"]!, (int)campaign.Outputs["promotions"]!, (string?)campaign.Outputs["ended"]));
        Assert.Equal(rounds, runs.Count);
        Assert.All(runs, r => Assert.Equal((id, WorkflowStatus.Finished), (r.Parent, r.Status)));
        Assert.Equal((string?)(await node.Store.LoadAsync(runs[^1].Id, default)).State.Outputs["report"], (string?)campaign.Outputs["lastReport"]);
        Assert.Empty(_gate);
    }

    [Theory]
    [InlineData(true, 0.5, 1, "Monitor")] // the checkpoints' gold is 0.5
    [InlineData(true, 0.4, 3, "Budget")]
    [InlineData(false, 0.5, 3, "Budget")] // nothing was measured
    public async Task A_campaign_ends_where_the_monitor_sees_no_gain(bool monitored, double leastGain, int rounds, string ended)
    {
        _monitored = monitored;
        foreach (var _ in Enumerable.Range(0, rounds)) _gate.Enqueue("Promote");
        using var node = Open();
        var definition = await PublishAsync(node);

        var id = await node.StartAsync(definition, new() { ["maxRounds"] = 3, ["leastGain"] = leastGain });
        await node.TickAsync();

        var campaign = (await node.Store.LoadAsync(id, default)).State;
        Assert.Equal((WorkflowStatus.Finished, rounds, ended), (campaign.Status, (int)campaign.Outputs["rounds"]!, (string?)campaign.Outputs["ended"]));
        Assert.Empty(_gate);
    }

    [Fact]
    public async Task A_hopeless_reward_model_ends_the_campaign_whose_last_report_stays()
    {
        _gate.Enqueue("Promote");
        _probe = new(["Continue", "Hopeless"]);
        using var node = Open();
        var definition = await PublishAsync(node);

        var id = await node.StartAsync(definition, new() { ["maxRounds"] = 5, ["probe"] = true });
        await node.TickAsync();

        var campaign = (await node.Store.LoadAsync(id, default)).State;
        Assert.Equal((WorkflowStatus.Finished, 2, 1, "Stop"), (campaign.Status, (int)campaign.Outputs["rounds"]!, (int)campaign.Outputs["promotions"]!, (string?)campaign.Outputs["ended"]));
        Assert.StartsWith("some/", (string?)campaign.Outputs["lastReport"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_round_of_a_scheduled_campaign_is_on_the_prompts_that_were_the_latest_when_it_began()
    {
        var pinned = _latest!;
        foreach (var _ in Enumerable.Range(0, 3)) _gate.Enqueue("Promote");
        var waits = true;
        using var node = Open(e => waits && e.Activity == "collect-judgements");
        await PublishAsync(node);

        await AdvanceToMondayAsync(node);
        _latest = "prompts/" + new string('2', 64);
        waits = false;
        _time.Advance(TimeSpan.FromHours(2));
        await node.TickAsync();

        var campaign = Assert.Single(await node.InstancesAsync("rlhf-campaign"));
        Assert.Equal(WorkflowStatus.Finished, campaign.Status);
        Assert.Equal([pinned, pinned, pinned], _steps.Single(s => s.Description.Name == "PreparePrompts").Runs.Select(r => (string?)r.Inputs["source"]));
        Assert.Equal(campaign.Id, (await node.FiringsAsync()).Single().InstanceId);
    }

    [Fact]
    public async Task A_campaign_on_the_same_prompts_is_skipped_until_they_change()
    {
        foreach (var _ in Enumerable.Range(0, 6)) _gate.Enqueue("Promote");
        using var node = Open();
        await PublishAsync(node);

        await AdvanceToMondayAsync(node);
        await AdvanceToMondayAsync(node);
        _latest = "prompts/" + new string('2', 64);
        await AdvanceToMondayAsync(node);

        var firings = await node.FiringsAsync();
        Assert.Equal([null, $"inputs have not changed since instance {firings[0].InstanceId}", null], firings.Select(f => f.Skipped));
    }

    [Fact]
    public async Task Without_prompts_of_ones_own_a_schedule_starts_nothing_and_says_why()
    {
        _latest = null;
        using var node = Open();
        await PublishAsync(node);

        await AdvanceToMondayAsync(node);

        Assert.Equal("There is no 'prompts'; nothing has been named yet.", (await node.FiringsAsync()).Single().Skipped);
        Assert.Empty(await node.InstancesAsync());
    }

    [Fact]
    public async Task A_round_that_fails_faults_the_campaign_and_a_retry_goes_on_with_that_round()
    {
        foreach (var _ in Enumerable.Range(0, 2)) _gate.Enqueue("Promote");
        var fails = true;
        using var node = Open(null, e => fails && e.Activity == "train-policy");
        var definition = await PublishAsync(node);
        var id = await node.StartAsync(definition, new() { ["maxRounds"] = 2 });

        await node.TickAsync();
        var faulted = (await node.Store.LoadAsync(id, default)).State;
        fails = false;
        await node.Transitions.ApplyAsync(id, (_, _, now) => new Retried(now), default);
        await node.TickAsync();

        Assert.Equal(WorkflowStatus.Faulted, faulted.Status);
        Assert.Contains("the weights hold NaN", faulted.Incidents.Single().Reason);
        Assert.Equal(WorkflowStatus.Finished, (await node.Store.LoadAsync(id, default)).State.Status);
        Assert.Equal(2, (await node.InstancesAsync("rlhf-round")).Count);
        Assert.Equal(2, _steps.Single(s => s.Description.Name == "SampleCompletions").Runs.Count(r => r.Execution == "sample-completions"));
    }

    static async Task<WorkflowDefinition> PublishAsync(Node node)
    {
        await node.PublishAsync(JsonNode.Parse(Text("rlhf-round.json"))!.AsObject());
        return await node.PublishAsync(JsonNode.Parse(Text("rlhf-campaign.json"))!.AsObject());
    }

    async Task AdvanceToMondayAsync(Node node)
    {
        _time.SetUtcNow((await node.Schedules.ListAsync(default)).Single().NextDue!.Value);
        await node.TickAsync();
    }

    Node Open(Func<StepExecution, bool>? waits = null, Func<StepExecution, bool>? fails = null) => new(
        new(_folder.Path), _time, _steps.Select(s => new Interrupted(s, _time, waits, fails)), null,
        (text, _) => Task.FromResult(text != "prompts@latest" ? text : _latest ?? throw new ArgumentException("There is no 'prompts'; nothing has been named yet.")));

    static string Text(string file) => File.ReadAllText(Repository.Workflow(file));

    /// <summary>A step that waits for people, or fails, where the test says so; every round gets a number and a seed of its own.</summary>
    sealed class Interrupted(IStep step, FakeTimeProvider time, Func<StepExecution, bool>? waits, Func<StepExecution, bool>? fails) : IStep
    {
        int _rounds;

        public StepDescription Description => step.Description;

        public async Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken)
        {
            if (fails?.Invoke(context.Execution) == true) throw new InvalidDataException("the weights hold NaN");
            if (waits?.Invoke(context.Execution) == true) return new StepResult.Waiting([], time.GetUtcNow().AddHours(1), "people are asked");
            var result = await step.RunAsync(inputs, hparams, context, cancellationToken);
            if (result is not StepResult.Completed done || Description.Name != "StartRound") return result;
            (done.Outputs["round"], done.Outputs["seed"]) = (++_rounds, _rounds);
            time.Advance(TimeSpan.FromSeconds(1)); // so that rounds can be told apart by their time
            return result;
        }
    }
}
