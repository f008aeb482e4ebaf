using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests;

/// <summary>The files of <c>workflows/</c>, with the steps' real contracts and no work done.</summary>
public class WorkflowFileTests
{
    static readonly string[] Before =
    [
        "start", "prepare-policy", "start-round", "prepare-prompts", "sample-completions", "select-comparisons", "collect-judgements", "build-preferences", "sample-reference",
        "train-reward-model", "evaluate-reward-model", "no-probe", "train-policy", "is-monitored", "fix-criteria", "sample-evaluation", "measure-challenger", "collect-evaluation-judgements", "decide-gate",
    ];

    public static TheoryData<string> Files => [.. Directory.GetFiles(Path.Combine(Repository.Root, "workflows"), "*.json").Select(f => Path.GetFileName(f))];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_workflow_file_has_no_findings(string file)
    {
        var definition = new DefinitionReader(Some.Catalog(ContractStep.All())).Read(File.ReadAllText(Repository.Workflow(file)), file);

        var findings = WorkflowLint.Check(definition);

        Assert.Empty(findings);
        Assert.Equal(Path.GetFileNameWithoutExtension(file), definition.DefinitionId);
    }

    [Fact]
    public async Task An_open_gate_promotes_measures_gold_and_reports()
    {
        var (result, ran, _) = await RunAsync("rlhf-round.json", new() { ["seed"] = 3 }, _ => null);

        Assert.Equal(WorkflowStatus.Finished, result.Status);
        Assert.Equal([.. Before, "promote-challenger", "outcome-promote", "labeler-is-simulated", "measure-gold", "report-round", "end"], ran);
        Assert.StartsWith("some/", (string?)result.Outputs["report"]);
        Assert.StartsWith("some/", (string?)result.Outputs["decision"]);
    }

    [Fact]
    public async Task A_closed_gate_leaves_the_champion_in_place_and_reports()
    {
        var (result, ran, _) = await RunAsync("rlhf-round.json", [], e => e.Activity == "decide-gate" ? "Reject" : null);

        Assert.Equal(WorkflowStatus.Finished, result.Status);
        Assert.Equal([.. Before, "outcome-reject", "labeler-is-simulated", "measure-gold", "report-round", "end"], ran);
    }

    [Fact]
    public async Task Nothing_is_called_gold_where_people_judge()
    {
        var (result, ran, _) = await RunAsync("rlhf-round.json", new() { ["labeler"] = "people" }, _ => null);

        Assert.Equal(WorkflowStatus.Finished, result.Status);
        Assert.Equal([.. Before, "promote-challenger", "outcome-promote", "labeler-is-simulated", "report-round", "end"], ran);
    }

    [Fact]
    public async Task A_gate_that_needs_more_judgements_asks_again_with_the_evidence_so_far()
    {
        var (_, ran, steps) = await RunAsync("rlhf-round.json", [], e => e.Activity == "decide-gate" ? "NeedMoreJudgements" : null);

        Assert.Equal([.. Before, "sample-evaluation#2", "measure-challenger#2", "collect-evaluation-judgements#2", "decide-gate#2", "promote-challenger", "outcome-promote", "labeler-is-simulated", "measure-gold", "report-round", "end"], ran);
        var sampled = steps.Single(s => s.Description.Name == "SampleEvaluation").Runs;
        Assert.Null(sampled[0].Inputs["evidence"]);
        Assert.NotNull(sampled[1].Inputs["evidence"]);
        // What was measured in the first pass stays.
        var measured = steps.Single(s => s.Description.Name == "MeasureChallenger").Runs;
        Assert.Null(measured[0].Inputs["measures"]);
        Assert.NotNull(measured[1].Inputs["measures"]);
        Assert.All(steps.Single(s => s.Description.Name == "DecideGate").Runs, r => Assert.NotNull(r.Inputs["measures"]));
    }

    [Fact]
    public async Task Every_step_of_a_round_gets_its_inputs_from_the_steps_before_it()
    {
        var (_, _, steps) = await RunAsync("rlhf-round.json", new() { ["seed"] = 41 }, _ => null);

        var seeds = steps.SelectMany(s => s.Runs).Select(r => (r.Execution, Seed: (long?)r.Inputs["seed"])).Where(r => r.Seed is not null).ToDictionary(r => r.Execution, r => r.Seed);
        Assert.Equal(41, seeds["prepare-policy"]);
        Assert.All(seeds.Where(s => s.Key != "prepare-policy"), s => Assert.Equal(7, s.Value)); // the round's seed, as StartRound gave it
        var train = steps.Single(s => s.Description.Name == "TrainPolicy").Runs.Single().Inputs;
        var report = steps.Single(s => s.Description.Name == "ReportRound").Runs.Single().Inputs;
        Assert.Equal((string?)train["policy"], (string?)report["champion"]);
        Assert.NotEqual((string?)train["policy"], (string?)train["reference"]);
        Assert.Equal((string?)train["rewardModel"], (string?)report["rewardModel"]);
        // What an earlier training kept is sampled from, and what this one keeps is handed on; the reference's samples are its own alone.
        var sampled = steps.Single(s => s.Description.Name == "SampleCompletions").Runs;
        Assert.NotNull(sampled[0].Inputs["early"]);
        Assert.Null(sampled[1].Inputs["early"]);
        Assert.NotNull(report["earlyPolicy"]);
        Assert.NotEqual((string?)sampled[0].Inputs["early"], (string?)report["earlyPolicy"]);
    }

    [Theory]
    [InlineData("Promote", "promote-challenger")]
    [InlineData("Reject", null)]
    public async Task An_evaluation_alone_promotes_only_through_the_gate(string outcome, string? promoted)
    {
        var reference = "policy/" + new string('0', 64);
        var inputs = new JsonObject { ["campaign"] = "some", ["champion"] = reference, ["challenger"] = reference, ["prompts"] = reference, ["labeler"] = "people" };

        var (result, ran, _) = await RunAsync("evaluate-challenger.json", inputs, e => e.Activity == "decide-gate" ? outcome : null);

        Assert.Equal(WorkflowStatus.Finished, result.Status);
        Assert.Equal(promoted is null ? [] : [promoted], ran.Where(r => r.StartsWith("promote", StringComparison.Ordinal)));
        Assert.NotNull(result.Outputs["decision"]);
    }

    [Fact]
    public async Task An_evaluation_measures_the_policies_where_it_is_given_what_to_measure_with()
    {
        var reference = "policy/" + new string('0', 64);
        var inputs = new JsonObject { ["campaign"] = "some", ["champion"] = reference, ["challenger"] = reference, ["prompts"] = reference, ["labeler"] = "people" };
        var with = inputs.DeepClone().AsObject();
        (with["reference"], with["rewardModel"], with["reportCard"], with["texts"]) = (reference, "reward-model/" + new string('1', 64), "report-card/" + new string('2', 64), "text/" + new string('3', 64));

        var (_, without, _) = await RunAsync("evaluate-challenger.json", inputs, e => e.Activity == "decide-gate" ? "Reject" : null);
        var (result, ran, steps) = await RunAsync("evaluate-challenger.json", with, e => e.Activity == "decide-gate" ? "Reject" : null);

        Assert.DoesNotContain("measure-challenger", without);
        Assert.Contains("collect-judgements", without);
        Assert.Equal(WorkflowStatus.Finished, result.Status);
        Assert.Equal(["measure-challenger", "collect-judgements", "decide-gate"], ran.Where(r => r is "measure-challenger" or "collect-judgements" or "decide-gate"));
        Assert.Equal($"{with["texts"]}", (string?)steps.Single(s => s.Description.Name == "MeasureChallenger").Runs.Single().Inputs["texts"]);
        var decided = steps.Single(s => s.Description.Name == "DecideGate").Runs.Single().Inputs;
        Assert.NotNull(decided["measures"]);
        Assert.Equal($"{with["reportCard"]}", (string?)decided["reportCard"]);
    }

    [Fact]
    public async Task An_evaluation_without_a_labeler_is_refused_before_anything_runs()
    {
        var reference = "policy/" + new string('0', 64);
        var inputs = new JsonObject { ["campaign"] = "some", ["champion"] = reference, ["challenger"] = reference, ["prompts"] = reference };

        var error = await Assert.ThrowsAsync<ArgumentException>(() => RunAsync("evaluate-challenger.json", inputs, _ => null));

        Assert.Equal("evaluate-challenger, input 'labeler' is missing; activity 'collect-judgements' needs it as its 'labeler'.", error.Message);
    }

    [Theory]
    [InlineData("Done", "Promoted", "outcome-promoted")]
    [InlineData("Refused", "Refused", "outcome-refused")]
    public async Task A_promotion_looks_the_decision_up_promotes_and_says_what_became_of_it(string answer, string outcome, string last)
    {
        var (result, ran, steps) = await RunAsync(
            "promotion.json", new() { ["policy"] = "policy@12", ["environment"] = "prod", ["requestedBy"] = "ann" }, e => e.Activity == "promote-challenger" ? answer : null);

        Assert.Equal(WorkflowStatus.Finished, result.Status);
        Assert.Equal(["start", "prepare-promotion", "promote-challenger", last, "end"], ran);
        Assert.Equal((outcome, 7), ((string?)result.Outputs["outcome"], (int?)result.Outputs["version"]));
        Assert.StartsWith("some/", (string?)result.Outputs["record"]);
        var (prepare, promote) = (steps.Single(s => s.Description.Name == "PreparePromotion").Runs.Single().Inputs, steps.Single(s => s.Description.Name == "PromoteChallenger").Runs.Single().Inputs);
        Assert.Equal(("policy@12", "prod", "ann"), ((string?)prepare["policy"], (string?)prepare["environment"], (string?)promote["requestedBy"]));
    }

    [Fact]
    public async Task A_promotion_is_started_by_its_event_with_what_the_payload_says()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(Some.Time);
        var steps = ContractStep.All();
        await using var runtime = new WorkflowRuntime(new RuntimeOptions(folder.Path), Some.Runner(folder.Path, time, steps), time);
        await runtime.PublishAsync(Repository.Workflow("promotion.json"));

        await runtime.SendEventAsync("promotion.requested", new JsonObject { ["policy"] = "policy@12", ["environment"] = "prod", ["requestedBy"] = "ci" });
        await runtime.DriveAsync();
        InstanceSummary? started;
        while ((started = (await runtime.ListAsync()).SingleOrDefault()) is null) await Task.Delay(20, TestContext.Current.CancellationToken);
        var result = await runtime.RunAsync(started.Id);

        Assert.Equal(("Promoted", WorkflowStatus.Finished), ((string?)result.Outputs["outcome"], result.Status));
        var (prepare, promote) = (steps.Single(s => s.Description.Name == "PreparePromotion").Runs.Single().Inputs, steps.Single(s => s.Description.Name == "PromoteChallenger").Runs.Single().Inputs);
        Assert.Equal(("policy@12", "prod", "ci"), ((string?)prepare["policy"], (string?)prepare["environment"], (string?)promote["requestedBy"]));
    }

    [Fact]
    public async Task A_round_whose_promotion_is_refused_reports_a_rejection()
    {
        var (result, ran, _) = await RunAsync("rlhf-round.json", [], e => e.Activity == "promote-challenger" ? "Refused" : null);

        Assert.Equal(("Reject", WorkflowStatus.Finished), ((string?)result.Outputs["outcome"], result.Status));
        Assert.Equal([.. Before, "promote-challenger", "outcome-reject", "labeler-is-simulated", "measure-gold", "report-round", "end"], ran);
    }

    // The outcome is asked for on the first run of an activity only, so that a loop ends.
    static async Task<(InstanceResult Result, List<string> Ran, List<ContractStep> Steps)> RunAsync(string file, JsonObject inputs, Func<StepExecution, string?> outcome)
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(Some.Time);
        var steps = ContractStep.All(outcome);
        await using var runtime = new WorkflowRuntime(new RuntimeOptions(folder.Path), Some.Runner(folder.Path, time, steps), time);
        var id = await runtime.StartAsync(Repository.Workflow(file), inputs);
        var result = await runtime.RunAsync(id);
        return (result, [.. Some.Ran(await runtime.LogAsync(id))], steps);
    }
}
