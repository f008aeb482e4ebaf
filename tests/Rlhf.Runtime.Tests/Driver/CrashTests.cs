using System.Text;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests;

/// <summary>A process dies at a boundary of the driver; another one goes on.</summary>
public sealed class CrashTests
{
    sealed class Death(string where) : EngineStopException($"died {where}");

    /// <summary>Throws at its n-th boundary, counted from 0; the n of a run that comes through is how many there are.</summary>
    sealed class Reaper(int at) : IDriverObserver
    {
        public int Seen { get; private set; }

        public void Dispatching(string instance, string execution) => Pass($"before {execution}");

        public void Answering(string instance, string execution) => Pass($"after {execution}");

        public void Saving(string instance, Transition transition) => Pass($"before transition {transition.State.Events}");

        public void Saved(string instance, Transition transition) => Pass($"after transition {transition.State.Events}");

        void Pass(string where)
        {
            // The dead do nothing more, on none of their threads.
            if (Seen++ >= at && at >= 0) throw new Death(where);
        }
    }

    [Fact]
    public async Task Killed_at_every_boundary_and_resumed_it_ends_the_same_and_each_step_takes_effect_once()
    {
        var (expected, boundaries, _) = await RunAsync(new Reaper(-1));

        for (var at = 0; at < boundaries; at++)
        {
            var (state, _, effects) = await RunAsync(new Reaper(at));

            Assert.Equal(expected, state);
            Assert.Equal(["first", "ask", "judge", "judge#2", "last"], effects);
        }
        Assert.True(boundaries > 20, $"{boundaries} boundaries");
    }

    [Fact]
    public async Task Killed_again_and_again_it_still_ends_the_same()
    {
        var (expected, _, _) = await RunAsync(new Reaper(-1));

        // Each life passes three boundaries only: dispatch, save, saved.
        var (state, _, effects) = await RunAsync([.. Enumerable.Range(0, 40).Select(_ => new Reaper(3))]);

        Assert.Equal(expected, state);
        Assert.Equal(["first", "ask", "judge", "judge#2", "last"], effects);
    }

    /// <summary>
    /// The final state without what differs by nature (the id), the boundaries of the last life, and the executions in the order they took
    /// effect.
    /// </summary>
    static async Task<(string State, int Boundaries, List<string> Effects)> RunAsync(params Reaper[] reapers)
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(Some.Time);
        var effects = new List<string>();
        StepResult Effect(FakeStep.Inputs inputs, StepExecution execution)
        {
            effects.Add(execution.Activity);
            return FakeStep.Done($"{inputs.Text} {execution.Activity}", execution.Activity == "judge" ? "Again" : "Done");
        }
        IStep[] steps =
        [
            new FakeStep("Pure", Effect, StepKind.Pure), new FakeStep("Work", Effect),
            new FakeStep("Ask", (inputs, execution) => execution.State is null
                ? new StepResult.Waiting(new() { ["asked"] = 1 }, Some.Time, "people") : Effect(inputs, execution)),
        ];
        var file = folder.File("some.json", Flow().Build().ToJsonString());

        string? id = null;
        foreach (var reaper in reapers.Append(new Reaper(-1)))
        {
            await using var runtime = new WorkflowRuntime(new(folder.Path) { Lease = TimeSpan.FromDays(1000), Drain = TimeSpan.FromMilliseconds(100) }, Some.Runner(folder.Path, time, steps), time, reaper);
            try
            {
                id = await runtime.ListAsync() is [var only, ..] ? only.Id : await runtime.StartAsync(file, []);
                var result = await runtime.RunAsync(id);
                Assert.Equal(WorkflowStatus.Finished, result.Status);
                // The state is not asked of the store but replayed from its events; the log must have exactly the lines that they wrote.
                var final = Some.Play(Some.Read(Flow(), steps), await runtime.EventsAsync(id)).State;
                Assert.Equal(Enumerable.Range(1, final.Logged), (await runtime.LogAsync(id)).Select(l => l.Sequence));
                return (Encoding.UTF8.GetString(CanonicalJson.Serialize(final)).Replace(id, "", StringComparison.Ordinal), reaper.Seen, effects);
            }
            catch (Death)
            {
                // The runtime is disposed of, as the process would be; the next life opens the store again.
            }
        }
        throw new InvalidOperationException("It never came to the end.");
    }

    static FlowBuilder Flow()
    {
        var flow = new FlowBuilder().Variable("result").Output("result").Add("start", "Elsa.Start");
        foreach (var (id, type) in new[] { ("first", "Pure"), ("ask", "Ask"), ("judge", "Work"), ("last", "Pure") })
        {
            var text = id == "first" ? FlowBuilder.Literal("x") : FlowBuilder.FromVariable("result");
            flow.Add(id, $"Rlhf.{type}", ("text", text), ("result", FlowBuilder.ToVariable("result")));
        }
        return flow.Chain("start", "first", "ask", "judge", "last").Connect("judge", "judge", "Again");
    }
}
