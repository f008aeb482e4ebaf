using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Tests.Support;
using Rlhf.Cli.Workflows;
using Rlhf.Runtime;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Steps.Json;

namespace Rlhf.Cli.Tests.Rounds;

public sealed class DyingRoundTests(FinishedRound round)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_round_that_dies_before_and_after_every_step_and_transition_ends_with_the_same_artifacts()
    {
        await using var site = new Site();
        await using var workspace = new Workspace(site.Store);
        var instance = await StartAsync(workspace);
        var seen = new HashSet<string>();
        InstanceResult? result = null;
        while (result is null)
        {
            await using var runtime = Runtime(workspace, new Life(seen));
            try
            {
                result = await runtime.RunAsync(instance, null, Token);
            }
            catch (DeathException)
            {
                // The runtime is disposed of, as the process would be; the next life opens the store again.
            }
        }

        Assert.True(seen.Count > 60, $"{seen.Count} deaths");
        Assert.Equal(WorkflowStatus.Finished, result.Status);
        Assert.Equal(round.Facts.Outputs, CanonicalJson.ToText(result.Outputs));
        await RoundFacts.AssertSameAsync(round, site);
    }

    static async Task<string> StartAsync(Workspace workspace)
    {
        var inputs = new JsonObject
        {
            ["preset"] = $"{await workspace.PresetAsync("tiny", Token)}",
            ["labeler"] = "simulated",
            ["seed"] = 1,
        };
        await using var runtime = Runtime(workspace, null);
        return await runtime.StartAsync(WorkflowFiles.Definition("rlhf-round"), inputs, Token);
    }

    static WorkflowRuntime Runtime(Workspace workspace, IDriverObserver? observer) =>
        new(new(workspace.Store) { Drain = TimeSpan.FromMilliseconds(100) }, workspace.Runner, TimeProvider.System, observer);

    sealed class DeathException() : EngineStopException("killed");

    /// <summary>Dies at the first boundary that no life before has seen: before or after a step, before or after a transition is stored.</summary>
    sealed class Life(HashSet<string> seen) : IDriverObserver
    {
        readonly Lock _gate = new();
        bool _dead;

        public void Dispatching(string instance, string execution) => Pass($"before {execution}");

        public void Answering(string instance, string execution) => Pass($"after {execution}");

        public void Saving(string instance, Transition transition) => Pass($"saving {Name(transition)}");

        public void Saved(string instance, Transition transition) => Pass($"saved {Name(transition)}");

        static string Name(Transition transition) => string.Join(" ", transition.Log.Select(l => $"{l.Execution} {l.Event}"));

        void Pass(string boundary)
        {
            // The dead do nothing more, on none of their threads.
            lock (_gate)
            {
                _dead |= seen.Add(boundary);
                if (_dead) throw new DeathException();
            }
        }
    }
}
