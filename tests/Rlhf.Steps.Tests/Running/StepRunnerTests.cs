using System.Text;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Running;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Running;

public sealed class StepRunnerTests : IDisposable
{
    readonly TemporaryStore _store = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    Task<StepResult> Run(IStep step, StepExecution? execution = null, params (string, System.Text.Json.Nodes.JsonNode?)[] values) =>
        Some.Runner(_store, step).RunAsync("Multiply", Some.Values(values), execution ?? Some.Execution(), null, Token);

    [Fact]
    public async Task A_pure_step_runs_once_for_the_same_inputs_and_hparams()
    {
        var step = Some.PureStep();

        var first = await Run(step, null, ("number", 21));
        var second = await Run(step, Some.Execution("elsewhere"), ("number", 21), ("times", 2));

        Assert.Equal(1, step.Runs);
        Assert.Equal(42, Assert.IsType<StepResult.Completed>(first).Outputs["product"]!.GetValue<long>());
        Assert.True(Assert.IsType<StepResult.Completed>(second).Cached);
    }

    [Theory]
    [InlineData("number", 22)]
    [InlineData("times", 3)]
    public async Task Another_input_or_hparam_runs_a_pure_step_anew(string name, int value)
    {
        var step = Some.PureStep();

        await Run(step, null, ("number", 21));
        await Run(step, null, name == "number" ? [("number", value)] : [("number", 21), (name, value)]);

        Assert.Equal(2, step.Runs);
    }

    [Fact]
    public async Task An_effectful_step_runs_once_for_each_activity_execution()
    {
        var step = new Some.Step(StepKind.Effectful, (_, _, _) => Task.FromResult(Some.Step.Done(1)));

        await Run(step, Some.Execution("a"), ("number", 1));
        await Run(step, Some.Execution("a"), ("number", 1));
        await Run(step, Some.Execution("a#2"), ("number", 1));

        Assert.Equal(2, step.Runs);
    }

    [Theory]
    [InlineData("times", 11, "1 to 10")]
    [InlineData("tines", 2, "known are")]
    [InlineData("rate", 5, "at most 'times' (2)")]
    public async Task A_bad_hparam_is_refused_with_field_value_and_what_was_expected(string name, int value, string expected)
    {
        var result = await Run(Some.PureStep(), null, ("number", 1), (name, value));

        var failed = Assert.IsType<StepResult.Failed>(result);
        Assert.False(failed.Transient);
        Assert.Contains(name, failed.Reason, StringComparison.Ordinal);
        Assert.Contains(expected, failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_input_is_named()
    {
        var failed = Assert.IsType<StepResult.Failed>(await Run(Some.PureStep()));

        Assert.Contains("number", failed.Reason, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task HParams_come_from_the_preset_unless_they_are_given()
    {
        var preset = await _store.Artifacts.PutAsync("hparams", Some.Files(("hparams.json", """{"Multiply":{"times":5}}""")), Token);

        var fromPreset = await Run(Some.PureStep(), null, ("number", 2), ("preset", preset.ToString()));
        var given = await Run(Some.PureStep(), null, ("number", 2), ("preset", preset.ToString()), ("times", 7));

        Assert.Equal(10, Assert.IsType<StepResult.Completed>(fromPreset).Outputs["product"]!.GetValue<long>());
        Assert.Equal(14, Assert.IsType<StepResult.Completed>(given).Outputs["product"]!.GetValue<long>());
    }

    [Fact]
    public async Task Broken_input_fails_for_good_and_a_service_down_may_be_tried_again()
    {
        var broken = new Some.Step(StepKind.Pure, (_, _, _) => throw new InvalidDataException("The file is broken."));
        var down = new Some.Step(StepKind.Pure, (_, _, _) => throw new IOException("The disk is away."));

        Assert.Equal(new StepResult.Failed("The file is broken.", Transient: false), await Run(broken, null, ("number", 1)));
        Assert.Equal(new StepResult.Failed("The disk is away.", Transient: true), await Run(down, null, ("number", 1)));
    }

    [Fact]
    public async Task A_step_that_died_goes_on_from_its_checkpoint_with_each_metric_once()
    {
        var dies = true;
        var step = new Some.Step(StepKind.Pure, async (_, _, context) =>
        {
            var start = await context.Checkpoints.LoadAsync(Token) is { } checkpoint ? int.Parse(Encoding.ASCII.GetString(checkpoint.Bytes())) : 0;
            for (var n = start + 1; n <= 4; n++)
            {
                context.Journal.Log(n, new Dictionary<string, double> { ["loss"] = 1.0 / n });
                if (dies && n == 3) throw new InvalidOperationException("killed");
                if (n % 2 == 0) await context.Checkpoints.SaveAsync(n, new Dictionary<string, byte[]> { ["n"] = Encoding.ASCII.GetBytes($"{n}") }, Token);
            }
            return Some.Step.Done(start);
        });
        await Assert.ThrowsAsync<InvalidOperationException>(() => Run(step, null, ("number", 1)));
        dies = false;

        var result = Assert.IsType<StepResult.Completed>(await Run(step, null, ("number", 1)));

        var record = Assert.Single(await new StepRecords(_store.Objects).ListAsync(Token));
        var lines = await MetricJournal.ReadAsync(_store.Objects, record.Journal!, Token);
        Assert.Equal(2, result.Outputs["product"]!.GetValue<long>());
        Assert.Equal([1, 2, 3, 4], lines.Select(l => l.Update));
        Assert.Empty(_store.Files("checkpoints"));
    }

    [Fact]
    public async Task A_metric_that_is_no_number_is_an_error_and_not_a_metric()
    {
        var step = new Some.Step(StepKind.Pure, (_, _, context) =>
        {
            context.Journal.Log(7, new Dictionary<string, double> { ["loss"] = double.NaN });
            return Task.FromResult(Some.Step.Done(1));
        });

        var failed = Assert.IsType<StepResult.Failed>(await Run(step, null, ("number", 1)));

        Assert.Contains("'loss' at update 7 is NaN", failed.Reason, StringComparison.Ordinal);
        Assert.Empty(_store.Files("records"));
    }

    [Fact]
    public async Task Of_two_attempts_that_finish_the_first_record_is_the_answer_of_both()
    {
        var attempt = 0;
        var gate = new TaskCompletionSource();
        var step = new Some.Step(StepKind.Effectful, async (_, _, _) =>
        {
            var mine = Interlocked.Increment(ref attempt);
            if (mine == 1) await gate.Task;
            return Some.Step.Done(mine);
        });

        var slow = Run(step, null, ("number", 1));
        var fast = Assert.IsType<StepResult.Completed>(await Run(step, null, ("number", 1)));
        gate.SetResult();

        Assert.Equal(2, fast.Outputs["product"]!.GetValue<long>());
        Assert.Equal(2, Assert.IsType<StepResult.Completed>(await slow).Outputs["product"]!.GetValue<long>());
    }

    [Fact]
    public void An_unknown_step_is_refused_with_those_known() =>
        Assert.Contains("Multiply", Assert.Throws<ArgumentException>(() => Some.Runner(_store, Some.PureStep()).Describe("Divide")).Message, StringComparison.Ordinal);
}
