using System.Text;
using CsCheck;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Json;

namespace Rlhf.Runtime.Tests;

/// <summary>Properties over random flowcharts: steps, decisions and lines, joined by random connections forward and loops back.</summary>
public class RandomFlowchartTests
{
    static readonly FakeStep Work = new("Work");
    static readonly string[] Kinds = ["line", "decide", "step"];

    sealed record Node(string Kind, (int Target, int Port)[] Out, int Answer);

    /// <summary>
    /// Connections lead from an activity to a later one, so that every run of a loop ends and a reference can be worked out.
    /// </summary>
    static readonly Gen<Node[]> Graphs = Gen.Int[2, 12].SelectMany(n => Gen
        .Select(Gen.Int[0, 2], Gen.Select(Gen.Int[1, 11], Gen.Int[0, 2]).Array[0, 3], Gen.Int[0, 2]).Array[n]
        .Select(nodes => nodes.Select((node, i) => NodeOf(i, n, node.Item1, node.Item2, node.Item3)).ToArray()));

    static Node NodeOf(int i, int count, int kind, (int Ahead, int Port)[] connections, int answer) =>
        new(Kinds[kind], [.. connections.Select(c => (i + c.Ahead, c.Port)).Where(c => c.Item1 < count)], answer);

    [Fact]
    public void Without_loops_every_activity_that_a_token_reaches_runs_once_after_all_that_lead_to_it()
    {
        Graphs.Sample(graph =>
        {
            var (state, log) = Run(Some.Read(Build(graph), Work), seed: 0, graph);

            var ran = Some.Ran(log).ToList();
            Assert.Equal(Reached(graph).Order(), ran.Select(int.Parse).Order());
            Assert.Equal(WorkflowStatus.Finished, state.Status);
            foreach (var (source, target) in Taken(graph))
                Assert.True(Line(log, source, LogEvent.Completed) < Line(log, target, LogEvent.Started), $"{source} before {target}");
        }, iter: 400);
    }

    [Fact]
    public void With_loops_it_ends_and_no_activity_runs_more_often_than_tokens_reach_it()
    {
        Gen.Select(Graphs, Gen.Int[0, 1_000_000], Gen.Int[1, 4]).Sample((graph, seed, loops) =>
        {
            var definition = Some.Read(WithLoops(graph, loops), Work);

            var (state, log) = Run(definition, seed, graph);

            Assert.Contains(state.Status, new[] { WorkflowStatus.Finished, WorkflowStatus.Faulted });
            // Faulted by one thing only: a jump back to somewhere that not every path passes, which the lint would have found.
            Assert.All(state.Incidents, i => Assert.Contains("cannot be taken", i.Reason));
            var executions = Some.Ran(log).ToList();
            Assert.Equal(executions.Count, executions.Distinct().Count());
            var jumps = log.Count(l => l.Activity.StartsWith("back", StringComparison.Ordinal) && l.Outcomes is ["True"]);
            foreach (var runs in executions.GroupBy(e => e.Split('#')[0]))
                Assert.True(runs.Count() <= 1 + jumps, $"{runs.Key} ran {runs.Count()} times with {jumps} jumps back");
        }, iter: 300);
    }

    [Fact]
    public void The_events_of_an_instance_applied_again_give_the_same_states_and_any_of_them_can_be_resumed()
    {
        Gen.Select(Graphs, Gen.Int[0, 1_000_000], Gen.Int[1, 4]).Sample((graph, seed, loops) =>
        {
            var definition = Some.Read(WithLoops(graph, loops), Work);
            var events = new List<WorkflowEvent>();
            var states = new List<string>();
            Run(definition, seed, graph, (e, s) => { events.Add(e); states.Add(Text(s)); });

            // Every state goes through its JSON, as it does when a process ends and another goes on.
            WorkflowState? state = null;
            for (var i = 0; i < events.Count; i++)
            {
                var @event = CanonicalJson.Deserialize<WorkflowEvent>(CanonicalJson.Serialize(events[i]), "event");
                var next = WorkflowInterpreter.Apply(definition, state, @event).State;
                state = CanonicalJson.Deserialize<WorkflowState>(CanonicalJson.Serialize(next), "state");
                Assert.Equal(states[i], Text(state));
            }
        }, iter: 200);
    }

    /// <summary>Runs to the end; which of the open steps answers next follows from the seed.</summary>
    static (WorkflowState State, List<LogEntry> Log) Run(WorkflowDefinition definition, int seed, Node[] graph, Action<WorkflowEvent, WorkflowState>? seen = null)
    {
        var log = new List<LogEntry>();
        WorkflowState? state = null;
        WorkflowEvent next = Some.Started();
        for (var i = 0; i < 10_000; i++)
        {
            var transition = WorkflowInterpreter.Apply(definition, state, next);
            state = transition.State;
            log.AddRange(transition.Log);
            seen?.Invoke(next, state);
            var open = WorkflowInterpreter.Runnable(definition, state).ToList();
            if (open.Count == 0) return (state, log);
            var step = open[(int)((uint)(seed * 31 + i * 17) % (uint)open.Count)];
            next = new StepCompleted(Some.Time.AddMinutes(i), step.Execution, [], FakeStep.AllOutcomes[graph[int.Parse(step.Activity)].Answer]);
        }
        throw new InvalidOperationException("It does not end.");
    }

    static FlowBuilder Build(Node[] graph)
    {
        var flow = new FlowBuilder();
        for (var i = 0; i < graph.Length; i++)
        {
            var id = i.ToString();
            switch (graph[i].Kind)
            {
                case "line": flow.Line(id); break;
                case "decide": flow.Decide(id, graph[i].Answer == 0 ? "true" : "false"); break;
                default: flow.Add(id, "Rlhf.Work", ("text", FlowBuilder.Literal("x"))); break;
            }
        }
        for (var i = 0; i < graph.Length; i++)
        {
            foreach (var (target, port) in graph[i].Out) flow.Connect(i.ToString(), target.ToString(), PortOf(graph[i], port));
        }
        return flow;
    }

    // Each loop is a decision behind one of the activities that jumps back to an earlier one; all together they jump less than once a pass,
    // so that it ends.
    static FlowBuilder WithLoops(Node[] graph, int loops)
    {
        var flow = Build(graph);
        for (var i = 0; i < loops; i++)
        {
            var from = Math.Max(0, graph.Length - 1 - i * 2);
            flow.Decide($"back{i}", $"Math.random() < {0.4 / loops}")
                .Connect(from.ToString(), $"back{i}", PortOf(graph[from], graph[from].Answer))
                .Connect($"back{i}", Math.Max(0, from - 1 - i).ToString(), "True");
        }
        return flow;
    }

    static string PortOf(Node node, int port) => node.Kind switch
    {
        "line" => "Done",
        "decide" => port == 0 ? "True" : "False",
        _ => FakeStep.AllOutcomes[port],
    };

    // The start is the first activity that nothing leads to, which is the first of all since every connection leads to a later one.
    static HashSet<int> Reached(Node[] graph)
    {
        var reached = new HashSet<int> { 0 };
        for (var i = 0; i < graph.Length; i++)
        {
            if (reached.Contains(i)) reached.UnionWith(Next(graph[i]));
        }
        return reached;
    }

    static IEnumerable<int> Next(Node node) => node.Out.Where(o => PortOf(node, o.Port) == PortOf(node, node.Answer)).Select(o => o.Target);

    static IEnumerable<(int Source, int Target)> Taken(Node[] graph) => Reached(graph).SelectMany(i => Next(graph[i]).Select(t => (i, t)));

    static int Line(List<LogEntry> log, int activity, LogEvent @event) =>
        log.Single(l => l.Activity == activity.ToString() && l.Event == @event).Sequence;

    static string Text(WorkflowState state) => Encoding.UTF8.GetString(CanonicalJson.Serialize(state));
}
