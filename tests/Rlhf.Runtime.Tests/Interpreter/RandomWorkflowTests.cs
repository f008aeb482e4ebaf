using CsCheck;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

/// <summary>
/// Properties over random workflows: containers in containers, forks, joins of all modes, loops, steps, events, delays, ends and failures,
/// with what happens to them in random order.
/// </summary>
public class RandomWorkflowTests
{
    const int Levels = 3;

    static readonly FakeStep Work = new("Work");
    static readonly string[] Modes = ["WaitAny", "WaitAll", "WaitAllActive"];

    sealed record Node(int Kind, int Choice, Edge[] Out, Node[] Inside);

    sealed record Edge(int Ahead, int Port, bool Back);

    sealed record Plan(Node[] Nodes, bool Continues, int Seed);

    static readonly Gen<Edge[]> Edges = Gen.Select(Gen.Int[1, 3], Gen.Int[0, 2], Gen.Int[0, 9]).Select(e => new Edge(e.Item1, e.Item2, e.Item3 == 0)).Array[0, 3];

    static Gen<Node[]> Nodes(int level) => Gen
        .Select(Gen.Int[0, 11], Gen.Int[0, 2], Edges, level == 0 ? Gen.Const(Array.Empty<Node>()) : Gen.Int[0, 3].SelectMany(some => some == 0 ? Nodes(level - 1) : Gen.Const(Array.Empty<Node>())))
        .Select(n => new Node(n.Item1, n.Item2, n.Item3, n.Item4)).Array[1, 6];

    static readonly Gen<Plan> Plans = Gen.Select(Nodes(Levels), Gen.Bool, Gen.Int[0, 1_000_000]).Select(p => new Plan(p.Item1, p.Item2, p.Item3));

    [Fact]
    public void It_ends_or_waits_and_runs_nothing_twice_under_one_id()
    {
        Plans.Sample(plan =>
        {
            var (state, log, _) = Run(plan);

            Assert.True(state.Ended || state.Status == WorkflowStatus.Faulted || state.Waits.Any() || state.OpenSteps.Any(), $"{state.Status}");
            var started = log.Where(l => l.Event == LogEvent.Started).Select(l => l.Execution).ToList();
            Assert.Equal(started.Count, started.Distinct().Count());
            if (state.Ended) Assert.Empty(state.Open);
            Assert.Equal(Enumerable.Range(1, log.Count), log.Select(l => l.Sequence));
        }, iter: 400);
    }

    [Fact]
    public void No_activity_runs_more_often_than_tokens_reach_it()
    {
        Plans.Sample(plan =>
        {
            var (definition, (_, log, _)) = (DefinitionOf(plan), Run(plan));

            foreach (var run in log.Where(l => l.Event == LogEvent.Started && l.Activity.StartsWith('n')).GroupBy(l => l.Activity))
            {
                // Every run has a run of its container, or a way taken back within it, behind it; a container that is retried runs again.
                var container = definition.Find(run.First().NodePath.Split(':')[^2])!;
                var runs = log.Count(l => l.Event is LogEvent.Started or LogEvent.Resumed && l.Activity == container.Id);
                var graph = new FlowGraph(container, FlowGraph.StartOf(container, null)?.Id);
                var back = graph.Connections.Where(c => !graph.IsForward(c))
                    .Sum(c => log.Count(l => l.Event == LogEvent.Completed && l.Activity == c.Source && (l.Outcomes ?? ["Done"]).Contains(c.Port)));
                Assert.True(run.Count() <= runs * (1 + back), $"{run.Key} ran {run.Count()} times: {runs} runs of '{container.Id}', {back} ways back");
            }
        }, iter: 300);
    }

    [Fact]
    public void The_events_applied_again_give_the_same_states_and_any_of_them_goes_on_from_its_stored_form()
    {
        Plans.Sample(plan =>
        {
            var definition = DefinitionOf(plan);
            var (_, log, steps) = Run(plan);

            WorkflowState? state = null;
            var again = new List<LogEntry>();
            foreach (var (@event, expected) in steps)
            {
                var transition = WorkflowInterpreter.Apply(definition, state, WorkflowEvent.Parse(@event.ToText(), "event"));
                Assert.Equal(expected, transition.State.ToText());
                state = WorkflowState.Parse(transition.State.ToText(), "state");
                again.AddRange(transition.Log);
            }
            Assert.Equal(log.Select(Line), again.Select(Line));
        }, iter: 200);
    }

    [Fact]
    public void A_cancelled_instance_is_over_whenever_it_is_cancelled()
    {
        Plans.Sample(plan =>
        {
            var definition = DefinitionOf(plan);
            foreach (var (_, text) in Run(plan).Steps)
            {
                var state = WorkflowState.Parse(text, "state");
                if (state.Ended) continue;
                var cancelled = WorkflowInterpreter.Apply(definition, state, new Cancelled(Some.Time));
                Assert.Equal(WorkflowStatus.Cancelled, cancelled.State.Status);
                Assert.Empty(cancelled.State.Open);
            }
        }, iter: 100);
    }

    static string Line(LogEntry entry) => $"{entry.Sequence} {entry.Execution}.{entry.Event} {entry.Message}";

    /// <summary>Plays an instance; what happens next among all that can happen follows from the plan's seed.</summary>
    static (WorkflowState State, List<LogEntry> Log, List<(WorkflowEvent Event, string State)> Steps) Run(Plan plan)
    {
        var (definition, log, steps) = (DefinitionOf(plan), new List<LogEntry>(), new List<(WorkflowEvent, string)>());
        WorkflowState? state = null;
        WorkflowEvent? next = Some.Started();
        for (var i = 0; next is not null && i < 60; i++)
        {
            var transition = WorkflowInterpreter.Apply(definition, state, next);
            state = transition.State;
            log.AddRange(transition.Log);
            steps.Add((next, state.ToText()));
            next = Next(definition, state, (uint)(plan.Seed * 31 + i * 17), Some.Time.AddMinutes(i));
        }
        return (state!, log, steps);
    }

    static WorkflowEvent? Next(WorkflowDefinition definition, WorkflowState state, uint draw, DateTimeOffset now)
    {
        if (state.Ended) return null;
        var possible = new List<WorkflowEvent>();
        foreach (var step in WorkflowInterpreter.Runnable(definition, state))
        {
            possible.Add(new StepCompleted(now, step.Execution, new() { ["result"] = "r" }, FakeStep.AllOutcomes[draw % 2]));
            possible.Add(new StepWaiting(now, step.Execution, [], now.AddHours(1), "people", ["go0"]));
            possible.Add(new StepFailed(now, step.Execution, "no", Transient: draw % 3 != 0));
        }
        foreach (var wait in state.Waits)
        {
            if (wait.WakeAt is not null) possible.Add(new StepResumed(now, wait.Id));
            if (wait.WakeEvents is [var name, ..]) possible.Add(new EventReceived(now, name, draw % 2));
            if (wait.Child is { } child) possible.Add(new ChildEnded(now, wait.Id, child, draw % 4 == 0 ? WorkflowStatus.Faulted : WorkflowStatus.Finished, []));
        }
        if (draw % 5 == 0) possible.Add(new VariablesSet(now, new() { ["n"] = draw % 3 }, "somebody"));
        if (state.Status == WorkflowStatus.Faulted) possible.Add(new Retried(now));
        return possible.Count == 0 ? null : possible[(int)(draw % (uint)possible.Count)];
    }

    static WorkflowDefinition DefinitionOf(Plan plan)
    {
        var count = 0;
        var flow = Build(plan.Nodes, ref count).Variable("n", "Int32", "0");
        if (plan.Continues) flow.Options["incidentStrategyType"] = "ContinueWithIncidentsStrategy";
        return Some.Read(flow, Work);
    }

    static FlowBuilder Build(Node[] nodes, ref int count)
    {
        var (flow, ids, first) = (new FlowBuilder(), new List<string>(), count);
        foreach (var node in nodes)
        {
            var id = $"n{count++}";
            ids.Add(id);
            if (node.Inside.Length > 0)
            {
                var inside = Build(node.Inside, ref count);
                if (node.Kind % 3 == 0) flow.NestSequence(id, inside);
                else flow.Nest(id, inside);
            }
            else Leaf(flow, id, node);
        }
        for (var i = 0; i < nodes.Length; i++)
        {
            foreach (var edge in nodes[i].Out)
            {
                var port = PortOf(nodes[i], edge.Port);
                if (!edge.Back && i + edge.Ahead < ids.Count) flow.Connect(ids[i], ids[i + edge.Ahead], port);
                else if (edge.Back && count < first + 60)
                {
                    // All jumps together are taken less than once a pass, so that it ends.
                    var back = $"back{count++}";
                    flow.Decide(back, "setN(getN() + 1); getN() % 5 == 1").Connect(ids[i], back, port).Connect(back, ids[Math.Max(0, i - edge.Ahead)], "True");
                }
            }
        }
        return flow;
    }

    static void Leaf(FlowBuilder flow, string id, Node node)
    {
        switch (node.Kind)
        {
            case 0 or 1: flow.Step(id); break;
            case 2: flow.Decide(id, node.Choice == 0 ? "true" : "false"); break;
            case 3 or 4: flow.Join(id, Modes[node.Choice]); break;
            case 5: flow.Event(id, $"go{node.Choice}"); break;
            case 6: flow.Add(id, "Elsa.Delay", ("timeSpan", FlowBuilder.Literal("00:01:00"))); break;
            case 7: flow.Add(id, "Elsa.FlowFork", ("branches", FlowBuilder.Expression("Object", "[\"Done\",\"Again\"]"))); break;
            case 8: flow.Script(id, node.Choice == 0 ? "if (getN() % 2 == 0) { throw new Error('no'); }" : "setOutcomes(['Done', 'Again']);"); break;
            case 9: flow.Add(id, node.Choice == 0 ? "Elsa.End" : node.Choice == 1 ? "Elsa.Finish" : "Elsa.Start"); break;
            case 10: flow.Add(id, "Elsa.DispatchWorkflow", ("workflowDefinitionId", FlowBuilder.Literal("other")), ("waitForCompletion", FlowBuilder.Literal(node.Choice != 0))); break;
            default: flow.Line(id); break;
        }
    }

    static string PortOf(Node node, int port) => node.Kind == 2 && node.Inside.Length == 0 ? (port == 0 ? "True" : "False") : port == 0 ? "Again" : "Done";
}
