using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Interpreter;

/// <summary>
/// A flowchart seen from the activity it starts at: what can be reached, and which connections lead forward. As in Elsa, a breadth-first
/// search from the start takes connections in their order, and one that would close a cycle with those taken before leads backward.
/// </summary>
internal sealed class FlowGraph
{
    readonly ILookup<string, Connection> _outbound;
    readonly Dictionary<string, List<Connection>> _forwardOut = [];
    readonly Dictionary<string, List<Connection>> _forwardIn = [];
    readonly HashSet<Connection> _forward = [];
    readonly HashSet<string> _reachable = [];

    public FlowGraph(Activity flowchart, string? start)
    {
        var ids = flowchart.Activities.Select(a => a.Id).ToHashSet();
        Start = start;
        // The same connection twice is one; connections to or from nowhere are none.
        Connections = [.. flowchart.Connections.Where(c => ids.Contains(c.Source) && ids.Contains(c.Target)).Distinct()];
        _outbound = Connections.ToLookup(c => c.Source);
        if (start is not null) Search(start);
    }

    public string? Start { get; }

    public IReadOnlyList<Connection> Connections { get; }

    /// <summary>
    /// The activity a flowchart starts at: the one that is asked for, a Start, one that can start the workflow, one that nothing leads to,
    /// the first.
    /// </summary>
    public static Activity? StartOf(Activity flowchart, string? asked)
    {
        var activities = flowchart.Activities;
        var ids = activities.Select(a => a.Id).ToHashSet();
        var targets = flowchart.Connections.Where(c => ids.Contains(c.Source)).Select(c => c.Target).ToHashSet();
        return activities.FirstOrDefault(a => a.Id == asked)
            ?? activities.FirstOrDefault(a => a.Type.Name == ActivityCatalog.Start)
            ?? activities.FirstOrDefault(a => a.CanStart)
            ?? activities.FirstOrDefault(a => !targets.Contains(a.Id))
            ?? (activities is [var first, ..] ? first : null);
    }

    public IEnumerable<Connection> Outbound(string activity) => _outbound[activity];

    public IReadOnlyList<Connection> ForwardInbound(string activity) => _forwardIn.GetValueOrDefault(activity, []);

    public bool IsReachable(string activity) => _reachable.Contains(activity);

    public bool IsForward(Connection connection) => _forward.Contains(connection);

    /// <summary>A backward connection is sound where every forward path from the start to its source passes its target.</summary>
    public bool IsSoundBackward(Connection connection) =>
        connection.Target == Start || !HasPath(Start!, connection.Source, except: connection.Target);

    /// <summary>Every activity that leads to this one by forward connections.</summary>
    public IReadOnlySet<string> Ancestors(string activity)
    {
        var (seen, queue) = (new HashSet<string>(), new Queue<string>([activity]));
        while (queue.TryDequeue(out var at))
        {
            foreach (var source in ForwardInbound(at).Select(c => c.Source).Where(seen.Add)) queue.Enqueue(source);
        }
        return seen;
    }

    /// <summary>True where a token can get from one activity to the other, backward connections included.</summary>
    public bool CanFollow(string from, string to)
    {
        var (seen, queue) = (new HashSet<string>(), new Queue<string>([from]));
        while (queue.TryDequeue(out var at))
        {
            foreach (var next in _outbound[at])
            {
                if (next.Target == to) return true;
                if (seen.Add(next.Target)) queue.Enqueue(next.Target);
            }
        }
        return false;
    }

    void Search(string start)
    {
        var queue = new Queue<string>([start]);
        _reachable.Add(start);
        while (queue.TryDequeue(out var source))
        {
            foreach (var connection in _outbound[source])
            {
                // Connections between the same two activities are of one kind, so the first of them decides.
                if (HasPath(connection.Target, source, except: null)) continue;
                _forward.Add(connection);
                Add(_forwardOut, source, connection);
                Add(_forwardIn, connection.Target, connection);
                if (_reachable.Add(connection.Target)) queue.Enqueue(connection.Target);
            }
        }
    }

    static void Add(Dictionary<string, List<Connection>> lists, string key, Connection connection)
    {
        if (!lists.TryGetValue(key, out var list)) lists[key] = list = [];
        list.Add(connection);
    }

    bool HasPath(string from, string to, string? except)
    {
        if (from == except) return false;
        var (seen, stack) = (new HashSet<string> { from }, new Stack<string>([from]));
        while (stack.TryPop(out var at))
        {
            if (at == to) return true;
            foreach (var next in _forwardOut.GetValueOrDefault(at, []))
            {
                if (next.Target != except && seen.Add(next.Target)) stack.Push(next.Target);
            }
        }
        return false;
    }
}
