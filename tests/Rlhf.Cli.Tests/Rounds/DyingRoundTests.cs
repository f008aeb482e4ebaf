using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Tests.Support;
using Rlhf.Cli.Workflows;
using Rlhf.Runtime;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Cli.Tests.Rounds;

public sealed class DyingRoundTests(FinishedRound round)
{
    [Fact]
    public async Task A_round_that_dies_before_and_after_every_transition_ends_with_the_same_artifacts()
    {
        var store = Directory.CreateTempSubdirectory("rlhf-test-").FullName;
        try
        {
            using var workspace = new Workspace(store);
            var deaths = new Deaths();
            var instance = await StartAsync(workspace, deaths);
            InstanceResult? result = null;
            while (result is null)
            {
                using var runtime = new WorkflowRuntime(store, workspace.Runner, TimeProvider.System, deaths);
                try
                {
                    result = await runtime.RunAsync(instance, null, TestContext.Current.CancellationToken);
                }
                catch (DeathException)
                {
                }
            }

            Assert.True(deaths.Count > 40, $"{deaths.Count} deaths");
            Assert.Equal(WorkflowStatus.Finished, result.Status);
            Assert.Equal($"{round.Said.Json["outputs"]}", $"{Sorted(result.Outputs)}");
            Assert.Equal(await Stored.Artifacts(round.Store), await Stored.Artifacts(store));
            Assert.Equal(await Stored.Metrics(round.Store), await Stored.Metrics(store));
        }
        finally
        {
            Directory.Delete(store, recursive: true);
        }
    }

    static async Task<string> StartAsync(Workspace workspace, Deaths deaths)
    {
        var inputs = new JsonObject
        {
            ["preset"] = $"{await workspace.PresetAsync("tiny", TestContext.Current.CancellationToken)}",
            ["labeler"] = "simulated",
            ["seed"] = 1,
        };
        using var runtime = new WorkflowRuntime(workspace.Store, workspace.Runner, TimeProvider.System);
        return await runtime.StartAsync(WorkflowFiles.Definition("rlhf-round"), inputs, TestContext.Current.CancellationToken);
    }

    static JsonObject Sorted(JsonObject outputs) => new(outputs.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => KeyValuePair.Create(o.Key, o.Value?.DeepClone())));

    sealed class DeathException() : Exception("killed");

    /// <summary>Dies the first time it sees each boundary: before a step, before a transition is stored, and after.</summary>
    sealed class Deaths : IDriverObserver
    {
        readonly HashSet<string> _seen = [];

        public int Count => _seen.Count;

        public void Dispatching(string instance, WorkflowCommand.RunStep step) => Die($"dispatching {step.Execution}");

        public void Saving(string instance, Transition transition) => Die($"saving {Name(transition)}");

        public void Saved(string instance, Transition transition) => Die($"saved {Name(transition)}");

        static string Name(Transition transition) => string.Join(" ", transition.Log.Select(l => $"{l.Execution} {l.Event}"));

        void Die(string boundary)
        {
            if (_seen.Add(boundary)) throw new DeathException();
        }
    }
}
