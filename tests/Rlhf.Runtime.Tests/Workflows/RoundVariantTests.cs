using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests.Workflows;

/// <summary>Which ways the other rounds of <c>workflows/</c> take, with the steps' real contracts and no work done.</summary>
public sealed class RoundVariantTests
{
    [Fact]
    public async Task A_refresh_trains_no_policy_and_measures_the_reward_model_before_beside_the_new_one()
    {
        await using var run = new Run("refresh-reward-model.json");
        var result = await run.EndAsync();

        Assert.Equal(WorkflowStatus.Finished, result.Status);
        Assert.Empty(run.Of("TrainPolicy"));
        Assert.Equal(["evaluate-reward-model", "has-earlier", "evaluate-earlier", "report-refresh", "end"], (await run.RanAsync())[^5..]);
        var (evaluated, report) = (run.Of("EvaluateRewardModel"), Assert.Single(run.Of("ReportRefresh")));
        Assert.Equal(Given(evaluated[0], "preferences"), Given(evaluated[1], "preferences"));
        Assert.Equal((Given(evaluated[0], "rewardModel"), Given(evaluated[1], "rewardModel")), (Given(report, "rewardModel"), Given(report, "earlierRewardModel")));
        Assert.Equal(Given(Assert.Single(run.Of("SampleCompletions"), s => s.Execution == "sample-completions"), "policy"), Given(report, "champion"));
        Assert.Equal((0.5, 0.5), ((double?)result.Outputs["accuracy"], (double?)result.Outputs["earlierAccuracy"]));
    }

    [Fact]
    public async Task A_judge_that_people_agree_with_teaches_the_reward_model_together_with_them()
    {
        await using var run = new Run("ai-feedback-round.json", new() { ["aiLabeler"] = "judge", ["labeler"] = "file" });
        var result = await run.EndAsync();

        Assert.Equal(("Promote", 0.5), ((string?)result.Outputs["outcome"], (double?)result.Outputs["agreementShare"]));
        var asked = run.Of("CollectJudgements");
        Assert.Equal(["judge", "file", "file"], asked.Select(a => Given(a, "labeler")));
        var drawn = Assert.Single(run.Of("DrawSpotCheck"));
        Assert.Equal(Given(asked[0], "comparisons"), Given(drawn, "comparisons"));
        Assert.NotEqual(Given(asked[0], "comparisons"), Given(asked[1], "comparisons"));
        var compared = Assert.Single(run.Of("CompareJudgements"));
        Assert.Equal(Given(asked[1], "comparisons"), Given(compared, "comparisons"));
        // Simulated labelers answer from the seed: the second time with another one, or they would repeat themselves.
        Assert.NotEqual(Given(asked[0], "seed"), Given(asked[1], "seed"));
        var built = run.Of("BuildPreferences");
        Assert.Equal(["build-preferences", "add-spot-check"], built.Select(b => b.Execution));
        Assert.NotEqual(Given(built[0], "earlier"), Given(built[1], "earlier"));
        Assert.NotEqual(Given(built[1], "earlier"), Given(Assert.Single(run.Of("TrainRewardModel")), "preferences"));
    }

    [Fact]
    public async Task A_judge_that_people_disagree_with_teaches_nothing()
    {
        await using var run = new Run("ai-feedback-round.json", outcome: e => e.Activity == "compare-judgements" ? "Disagree" : null);
        var result = await run.EndAsync();

        Assert.Equal(("Stop", WorkflowStatus.Finished), ((string?)result.Outputs["outcome"], result.Status));
        Assert.Equal(["compare-judgements", "outcome-stop", "end-stopped"], (await run.RanAsync())[^3..]);
        Assert.Equal(0.5, (double?)result.Outputs["agreementShare"]);
        Assert.Empty(run.Of("TrainRewardModel"));
    }

    [Fact]
    public async Task Two_axes_are_judged_and_learned_apart_and_both_train_the_policy()
    {
        await using var run = new Run("two-reward-models-round.json");
        var result = await run.EndAsync();

        Assert.Equal(("Promote", WorkflowStatus.Finished), ((string?)result.Outputs["outcome"], result.Status));
        Assert.Equal(["helpfulness", "safety"], run.HParamsOf("SelectComparisons", "axis").Order(StringComparer.Ordinal));
        var models = run.Of("TrainRewardModel").ToDictionary(t => t.Execution, t => Given(t, "preferences"));
        Assert.NotEqual(models["train-helpfulness"], models["train-safety"]);
        var (policy, report) = (Assert.Single(run.Of("TrainPolicy")), Assert.Single(run.Of("ReportRound")));
        Assert.NotEqual(Given(policy, "rewardModel"), Given(policy, "safetyRewardModel"));
        Assert.Equal(
            (models["train-helpfulness"], models["train-safety"], Given(policy, "rewardModel"), Given(policy, "safetyRewardModel")),
            (Given(report, "preferences"), Given(report, "secondPreferences"), Given(report, "rewardModel"), Given(report, "secondRewardModel")));
        Assert.Equal(("helpfulness", "safety"), (Given(report, "axis"), Given(report, "secondAxis")));
    }

    // Stops at a first checkpoint, and at a second one.
    static Func<StepExecution, string?> TwoCheckpoints => e => e.Activity is "train-policy" or "train-policy#2" ? "Checkpoint" : null;

    [Fact]
    public async Task A_round_with_checkpoints_goes_on_with_what_people_say_and_asks_again_where_it_does_not_understand()
    {
        await using var run = new Run("human-checkpoints-round.json", outcome: TwoCheckpoints);

        await run.AnswerAsync("checkpoint-reward-model", "checkpoint.reward-model", "Perhaps");
        await run.AnswerAsync("checkpoint-reward-model#2", "checkpoint.reward-model", "Continue");
        await run.AnswerAsync("checkpoint-policy", "checkpoint.policy", "Continue");
        await run.AnswerAsync("checkpoint-policy#2", "checkpoint.policy", "Evaluate");
        var result = await run.EndAsync();

        Assert.Equal(("Promote", WorkflowStatus.Finished), ((string?)result.Outputs["outcome"], result.Status));
        var parts = run.Of("TrainPolicy");
        Assert.Equal(["train-policy", "train-policy#2"], parts.Select(p => p.Execution));
        // One training that goes on from where it stopped, with all else as it began.
        Assert.Null(parts[0].Inputs["training"]);
        Assert.NotNull(parts[1].Inputs["training"]);
        Assert.All(["policy", "reference", "rewardModel", "prompts", "seed"], name => Assert.Equal(Given(parts[0], name), Given(parts[1], name)));
        Assert.Equal(["0.5,1.5", "0.5,1.5"], run.HParamsOf("TrainPolicy", "klGrid"));
        // Each checkpoint is measured beside the ones before, and the best of them is what is evaluated.
        var measured = run.Of("MeasureOveroptimization");
        Assert.Equal((2, true, false), (measured.Count, measured[0].Inputs["overoptimization"] is null, measured[1].Inputs["overoptimization"] is null));
        var (report, evaluated) = (Assert.Single(run.Of("ReportRound")), Assert.Single(run.Of("SampleEvaluation")));
        Assert.Equal((Given(parts[0], "policy"), Given(evaluated, "challenger")), (Given(report, "champion"), Given(report, "challenger")));
        Assert.DoesNotContain(Given(evaluated, "challenger"), run.Of("SampleCheckpoint").Select(s => Given(s, "policy")));
    }

    [Theory]
    [InlineData("rlhf-round.json")]
    [InlineData("ai-feedback-round.json")]
    [InlineData("human-checkpoints-round.json")]
    public async Task Where_the_training_has_come_to_its_end_the_monitor_is_told_so_and_the_evaluation_follows(string file)
    {
        var asks = file == "human-checkpoints-round.json";
        await using var run = new Run(file, outcome: e => e.Activity == "train-policy" ? "Checkpoint" : e.Activity == "measure-overoptimization#2" ? "Stop" : null);

        if (asks) await run.AnswerAsync("checkpoint-reward-model", "checkpoint.reward-model", "Continue");
        if (asks) await run.AnswerAsync("checkpoint-policy", "checkpoint.policy", "Continue");
        await run.EndAsync();

        Assert.Equal((2, 1), (run.Of("TrainPolicy").Count, run.Of("SampleEvaluation").Count));
        Assert.Equal([false, true], run.Of("MeasureOveroptimization").Select(m => m.Inputs["training"] is null));
        Assert.Equal(Given(run.Of("MeasureOveroptimization")[0], "training"), Given(run.Of("TrainPolicy")[1], "training"));
    }

    [Theory]
    [InlineData("rlhf-round.json")]
    [InlineData("ai-feedback-round.json")]
    public async Task PPO_goes_on_at_a_checkpoint_until_the_monitor_stops_it(string file)
    {
        await using var run = new Run(file, outcome: e => e.Activity.StartsWith("train-policy", StringComparison.Ordinal) ? "Checkpoint" : e.Activity == "measure-overoptimization#3" ? "Stop" : null);

        var result = await run.EndAsync();

        Assert.Equal(WorkflowStatus.Finished, result.Status);
        Assert.Equal((3, 3, 3), (run.Of("TrainPolicy").Count, run.Of("MeasureOveroptimization").Count, run.Of("SampleCheckpoint").Count));
        Assert.Equal([true, false, false], run.Of("TrainPolicy").Select(p => p.Inputs["training"] is null));
        Assert.NotNull(Assert.Single(run.Of("SampleEvaluation")).Inputs["challenger"]);
    }

    [Fact]
    public async Task What_the_monitor_calls_stale_ends_the_training_too()
    {
        await using var run = new Run("rlhf-round.json", outcome: e => e.Activity == "train-policy" ? "Checkpoint" : e.Activity == "measure-overoptimization" ? "Refresh" : null);

        await run.EndAsync();

        Assert.Equal((1, 1), (run.Of("TrainPolicy").Count, run.Of("SampleEvaluation").Count));
    }

    [Fact]
    public async Task A_sweep_trains_its_arms_from_one_reward_model_and_names_the_best_by_gold()
    {
        var inputs = new JsonObject { ["labeler"] = "simulated" };
        foreach (var name in new[] { "champion", "reference", "rewardModel", "prompts" }) inputs[name] = $"some/{new string('1', 64)}";
        await using var run = new Run("kl-sweep.json", inputs, e => e.Activity == "measure-strict" ? "Refresh" : e.Activity == "measure-usual" ? "Stop" : null);

        var result = await run.EndAsync();

        Assert.Equal(WorkflowStatus.Finished, result.Status);
        Assert.Equal(["0.0125", "0.05", "0.2"], run.HParamsOf("TrainPolicy", "klCoefficient").Order(StringComparer.Ordinal));
        var measured = run.Of("MeasureOveroptimization");
        Assert.Equal(["measure-strict", "measure-usual", "measure-loose"], measured.Select(m => m.Execution));
        Assert.Equal([true, false, false], measured.Select(m => m.Inputs["overoptimization"] is null));
        Assert.StartsWith("some/", (string?)result.Outputs["best"], StringComparison.Ordinal);
        Assert.StartsWith("some/", (string?)result.Outputs["overoptimization"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Continue")]
    [InlineData("Hopeless")]
    public async Task A_probe_says_of_a_reward_model_whether_it_is_worth_a_training_and_trains_nothing(string outcome)
    {
        var inputs = new JsonObject { ["labeler"] = "simulated" };
        foreach (var name in new[] { "champion", "rewardModel", "prompts" }) inputs[name] = $"some/{new string('1', 64)}";
        await using var run = new Run("probe-reward-model.json", inputs, e => e.Activity == "probe-reward-model" ? outcome : null);

        var result = await run.EndAsync();

        Assert.Equal((WorkflowStatus.Finished, outcome, 0.5), (result.Status, (string?)result.Outputs["outcome"], (double?)result.Outputs["gain"]));
        Assert.StartsWith("some/", (string?)result.Outputs["overoptimization"], StringComparison.Ordinal);
        Assert.Empty(run.Of("TrainPolicy"));
    }

    [Fact]
    public async Task A_round_that_probes_trains_where_the_reward_model_is_worth_it_and_reports_the_probe()
    {
        await using var run = new Run("rlhf-round.json", new() { ["probe"] = true });

        var result = await run.EndAsync();

        Assert.Equal(("Promote", WorkflowStatus.Finished), ((string?)result.Outputs["outcome"], result.Status));
        var (sampled, trained) = (Assert.Single(run.Of("SampleBestOfN")), Assert.Single(run.Of("TrainPolicy")));
        Assert.Equal((Given(trained, "policy"), Given(trained, "rewardModel")), (Given(sampled, "policy"), Given(sampled, "rewardModel")));
        Assert.Empty(run.Of("MeasureOveroptimization")); // A probe alone asks about no checkpoint.
        Assert.NotNull(Assert.Single(run.Of("ReportRound")).Inputs["overoptimization"]);
        Assert.Empty(run.Of("ReportRefresh"));
    }

    [Fact]
    public async Task The_monitor_goes_on_from_what_the_probe_knew()
    {
        await using var run = new Run("rlhf-round.json", new() { ["probe"] = true }, e => e.Activity == "train-policy" ? "Checkpoint" : e.Activity == "measure-overoptimization#2" ? "Stop" : null);

        await run.EndAsync();

        var measured = run.Of("MeasureOveroptimization");
        Assert.Equal(2, measured.Count);
        Assert.All(measured, m => Assert.NotNull(m.Inputs["overoptimization"]));
        Assert.NotEqual(Given(measured[0], "overoptimization"), Given(measured[1], "overoptimization"));
    }

    [Fact]
    public async Task A_hopeless_reward_model_ends_the_round_before_PPO_and_what_was_judged_is_kept()
    {
        await using var run = new Run("rlhf-round.json", new() { ["probe"] = true }, e => e.Activity == "probe-reward-model" ? "Hopeless" : null);

        var result = await run.EndAsync();

        Assert.Equal(("Stop", WorkflowStatus.Finished), ((string?)result.Outputs["outcome"], result.Status));
        Assert.Equal((0, 0, 0), (run.Of("TrainPolicy").Count, run.Of("SampleEvaluation").Count, run.Of("ReportRound").Count));
        var kept = Assert.Single(run.Of("ReportRefresh"));
        Assert.Equal(Given(Assert.Single(run.Of("TrainRewardModel")), "preferences"), Given(kept, "preferences"));
        Assert.Equal(Given(Assert.Single(run.Of("SampleBestOfN")), "rewardModel"), Given(kept, "rewardModel"));
    }

    [Fact]
    public async Task Nothing_is_probed_unless_it_is_asked_for()
    {
        await using var run = new Run("rlhf-round.json");

        await run.EndAsync();

        Assert.Equal((0, 1), (run.Of("SampleBestOfN").Count, run.Of("TrainPolicy").Count));
        Assert.Null(Assert.Single(run.Of("ReportRound")).Inputs["overoptimization"]);
    }

    [Fact]
    public async Task A_training_with_two_axes_stops_at_no_checkpoint()
    {
        await using var run = new Run("two-reward-models-round.json");

        await run.EndAsync();

        // Whatever grid its preset has: a monitor of two axes there is none.
        Assert.Equal(["none"], run.HParamsOf("TrainPolicy", "klGrid"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Who_says_stop_ends_the_round_without_an_evaluation(int parts)
    {
        await using var run = new Run("human-checkpoints-round.json", outcome: TwoCheckpoints);

        if (parts > 0) await run.AnswerAsync("checkpoint-reward-model", "checkpoint.reward-model", "Continue");
        await (parts > 0 ? run.AnswerAsync("checkpoint-policy", "checkpoint.policy", "Stop") : run.AnswerAsync("checkpoint-reward-model", "checkpoint.reward-model", "Stop"));
        var result = await run.EndAsync();

        Assert.Equal(("Stop", WorkflowStatus.Finished), ((string?)result.Outputs["outcome"], result.Status));
        Assert.Equal((parts, 0), (run.Of("TrainPolicy").Count, run.Of("SampleEvaluation").Count));
    }

    static string? Given((string Execution, JsonObject Inputs) run, string input) => run.Inputs[input]?.ToString();

    /// <summary>One instance over a store of its own; the outcome is asked for on the first run of an activity only.</summary>
    sealed class Run : IAsyncDisposable
    {
        readonly TemporaryFolder _folder = new();
        readonly List<ContractStep> _steps;
        readonly WorkflowRuntime _runtime;
        readonly string _file;
        readonly JsonObject _inputs;
        string? _id;

        public Run(string file, JsonObject? inputs = null, Func<StepExecution, string?>? outcome = null)
        {
            (_file, _inputs, _steps) = (file, inputs ?? [], ContractStep.All(outcome));
            var time = new FakeTimeProvider(Some.Time);
            _runtime = new(new RuntimeOptions(_folder.Path), Some.Runner(_folder.Path, time, _steps), time);
        }

        static CancellationToken Token => TestContext.Current.CancellationToken;

        public List<(string Execution, JsonObject Inputs)> Of(string step) => _steps.Single(s => s.Description.Name == step).Runs;

        public IEnumerable<string> HParamsOf(string step, string name) => _steps.Single(s => s.Description.Name == step).HParams.Select(h => $"{h[name]}");

        public async Task<InstanceResult> EndAsync() => await _runtime.RunAsync(await IdAsync());

        public async Task<List<string>> RanAsync() => [.. Some.Ran(await _runtime.LogAsync(await IdAsync()))];

        /// <summary>Waits until the activity waits, and sends it the answer.</summary>
        public async Task AnswerAsync(string execution, string name, string answer)
        {
            var id = await IdAsync();
            await _runtime.DriveAsync();
            while (!(await _runtime.LogAsync(id)).Any(l => l.Execution == execution && l.Event == LogEvent.Waiting)) await Task.Delay(20, Token);
            Assert.Equal(1, await _runtime.SendEventAsync(name, new JsonObject { ["answer"] = answer }, id, Token));
        }

        public async ValueTask DisposeAsync()
        {
            await _runtime.DisposeAsync();
            _folder.Dispose();
        }

        async Task<string> IdAsync() => _id ??= await _runtime.StartAsync(Repository.Workflow(_file), _inputs);
    }
}
