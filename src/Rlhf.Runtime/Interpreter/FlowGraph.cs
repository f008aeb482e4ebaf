using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Interpreter;

/// <summary>
/// A flowchart seen from the activity it starts at: what can be reached, and which connections lead forward. As in Elsa, a breadth-first
/// search from the start takes connections in their order, and one that would close a cycle with those taken before leads backward.
/// </summary>
internal sealed class FlowGraph
{
    const int Nothing = -1;

    readonly ILookup<string, Connection> _outbound;
    readonly Dictionary<string, List<Connection>> _forwardIn = [];

    // Searches go over numbers: each connection of thousands begins one. What one finds is kept, for the lint asks for all of them.
    readonly Dictionary<string, int> _numbers;
    readonly List<int>[] _next;
    readonly List<int>[] _forwardNext;
    readonly Dictionary<int, bool[]> _followers = [];
    readonly Dictionary<int, bool[]> _reachedWithout = [];
    readonly HashSet<Connection> _forward = [];
    readonly HashSet<string> _reachable = [];

    public FlowGraph(Activity flowchart, string? start)
    {
        _numbers = flowchart.Activities.Select((a, i) => (a.Id, i)).ToDictionary(n => n.Id, n => n.i, StringComparer.Ordinal);
        _next = [.. flowchart.Activities.Select(_ => new List<int>())];
        _forwardNext = [.. flowchart.Activities.Select(_ => new List<int>())];
        Start = start;
        // The same connection twice is one; connections to or from nowhere are none.
        Connections = [.. flowchart.Connections.Where(c => _numbers.ContainsKey(c.Source) && _numbers.ContainsKey(c.Target)).Distinct()];
        _outbound = Connections.ToLookup(c => c.Source);
        foreach (var connection in Connections) Add(_next, connection);
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
        connection.Target == Start
        || (connection.Source != Start && !Kept(_reachedWithout, connection.Target, t => Reached(_forwardNext, _numbers[Start!], except: t))[_numbers[connection.Source]]);

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
    public bool CanFollow(string from, string to) => Kept(_followers, from, f => Reached(_next, f, Nothing))[_numbers[to]];

    void Search(string start)
    {
        var queue = new Queue<string>([start]);
        _reachable.Add(start);
        while (queue.TryDequeue(out var source))
        {
            foreach (var connection in _outbound[source])
            {
                // Connections between the same two activities are of one kind, so the first of them decides. Nothing leads forward out of what
                // was not reached before.
                var (from, to) = (_numbers[source], _numbers[connection.Target]);
                if (from == to || (_reachable.Contains(connection.Target) && Reached(_forwardNext, to, Nothing, until: from)[from])) continue;
                _forward.Add(connection);
                Add(_forwardNext, connection);
                if (!_forwardIn.TryGetValue(connection.Target, out var inbound)) _forwardIn[connection.Target] = inbound = [];
                inbound.Add(connection);
                if (_reachable.Add(connection.Target)) queue.Enqueue(connection.Target);
            }
        }
    }

    void Add(List<int>[] lists, Connection connection)
    {
        var (list, target) = (lists[_numbers[connection.Source]], _numbers[connection.Target]);
        if (!list.Contains(target)) list.Add(target);
    }

    bool[] Kept(Dictionary<int, bool[]> kept, string activity, Func<int, bool[]> find)
    {
        var number = _numbers[activity];
        return kept.TryGetValue(number, out var found) ? found : kept[number] = find(number);
    }

    /// <summary>What can be reached by one connection or more, not through one activity, and no further than to another.</summary>
    static bool[] Reached(List<int>[] next, int from, int except, int until = Nothing)
    {
        var (reached, stack) = (new bool[next.Length], new Stack<int>([from]));
        while (stack.TryPop(out var at))
        {
            if (at == until) break;
            foreach (var target in next[at])
            {
                if (target == except || reached[target]) continue;
                reached[target] = true;
                stack.Push(target);
            }
        }
        return reached;
    }
}
