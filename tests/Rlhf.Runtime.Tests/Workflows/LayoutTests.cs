using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests.Workflows;

/// <summary>How the files of <c>workflows/</c> lie in the designer, with lines where Elsa Studio draws them.</summary>
public sealed class LayoutTests
{
    // So that two boxes can be told apart, and a line drawn between them.
    const double Gap = 40;

    public static TheoryData<string> Files => WorkflowFileTests.Files;

    [Theory]
    [MemberData(nameof(Files))]
    public void No_two_activities_overlap(string file)
    {
        var boxes = new Layout(file).Boxes.ToList();

        Assert.All(boxes, b => Assert.True(b.Value is { Width: > 0, Height: > 0 }, $"'{b.Key}' has no size"));
        Assert.All(Pairs(boxes), p => Assert.False(p.First.Value.Meets(p.Second.Value, Gap), $"'{p.First.Key}' and '{p.Second.Key}' overlap"));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Whatever_comes_later_stands_further_right(string file)
    {
        var forward = new Layout(file).Lines.Where(l => !l.IsLoop).ToList();

        Assert.NotEmpty(forward);
        Assert.All(forward, l => Assert.True(l.Route[^1].X > l.Route[0].X, $"{l.Name} goes from {l.Route[0]} to {l.Route[^1]}"));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void No_line_crosses_another_one_or_runs_under_an_activity(string file)
    {
        var layout = new Layout(file);

        Assert.All(layout.Lines, l => Assert.Empty(layout.Boxes.Where(b => l.Runs(b.Value)).Select(b => $"{l.Name} runs under '{b.Key}'")));
        Assert.All(Pairs(layout.Lines), p => Assert.False(p.First.Disturbs(p.Second), $"{p.First.Name} crosses {p.Second.Name}"));
    }

    [Fact]
    public void Lines_and_boxes_are_told_apart_where_they_meet_and_where_they_do_not()
    {
        Line Of(string source, string target, params (double X, double Y)[] route) => new(source, target, "Done", false, [.. route.Select(p => new Point(p.X, p.Y))]);
        var level = Of("a", "b", (0, 10), (100, 10));

        Assert.True(level.Disturbs(Of("c", "d", (50, 0), (50, 20))));
        Assert.True(level.Disturbs(Of("c", "d", (50, 10), (200, 10)))); // the one upon the other
        Assert.False(level.Disturbs(Of("c", "d", (0, 20), (100, 20))));
        Assert.False(level.Disturbs(Of("c", "b", (80, 50), (80, 10), (100, 10)))); // both to one port
        Assert.True(level.Runs(new(40, 0, 20, 20)));
        Assert.False(level.Runs(new(40, 10, 20, 20))); // along its edge
        Assert.True(new Box(0, 0, 100, 50).Meets(new(130, 0, 10, 10), Gap));
        Assert.False(new Box(0, 0, 100, 50).Meets(new(140, 0, 10, 10), Gap));
    }

    static IEnumerable<(T First, T Second)> Pairs<T>(IReadOnlyList<T> all) => all.Index().SelectMany(a => all.Skip(a.Index + 1).Select(b => (a.Item, b)));

    sealed record Point(double X, double Y);

    /// <summary>From the upper left corner, y downward.</summary>
    sealed record Box(double X, double Y, double Width, double Height)
    {
        public Point In => new(X, Y + Height / 2);

        public double Bottom => Y + Height;

        public bool Meets(Box other, double gap) => X - gap < other.X + other.Width && other.X - gap < X + Width && Y - gap < other.Bottom && other.Y - gap < Bottom;

        /// <summary>Where an outcome leaves: they share the right side.</summary>
        public Point Out(int port, int ports) => new(X + Width, Y + Height * (port + 0.5) / ports);
    }

    /// <summary>A level or upright piece of a line.</summary>
    sealed record Piece(Point From, Point To)
    {
        (double Low, double High) X => (Math.Min(From.X, To.X), Math.Max(From.X, To.X));

        (double Low, double High) Y => (Math.Min(From.Y, To.Y), Math.Max(From.Y, To.Y));

        public bool Cuts(Box box) => X.Low < box.X + box.Width && box.X < X.High && Y.Low < box.Bottom && box.Y < Y.High
            || From.Y == To.Y && box.Y < From.Y && From.Y < box.Bottom && X.Low < box.X + box.Width && box.X < X.High
            || From.X == To.X && box.X < From.X && From.X < box.X + box.Width && Y.Low < box.Bottom && box.Y < Y.High;

        /// <summary>True where they cross, or lie the one upon the other.</summary>
        public bool Meets(Piece other) => X.Low <= other.X.High && other.X.Low <= X.High && Y.Low <= other.Y.High && other.Y.Low <= Y.High;
    }

    sealed record Line(string Source, string Target, string Port, bool IsLoop, IReadOnlyList<Point> Route)
    {
        public string Name => $"'{Source}' ({Port}) to '{Target}'";

        IEnumerable<Piece> Pieces => Route.Zip(Route.Skip(1), (from, to) => new Piece(from, to)).Where(p => p.From != p.To);

        public bool Runs(Box box) => Pieces.Any(p => p.Cuts(box));

        /// <summary>Lines of one port, or to one, are one line there.</summary>
        public bool Disturbs(Line other) =>
            (Source, Port) != (other.Source, other.Port) && Target != other.Target && Pieces.Any(p => other.Pieces.Any(p.Meets));
    }

    /// <summary>A file's root flowchart as Studio draws it: level and upright lines, which turn shortly before the activity they lead to.</summary>
    sealed class Layout
    {
        const double Turn = 20;

        public Layout(string file)
        {
            var text = File.ReadAllText(Repository.Workflow(file));
            var root = new DefinitionReader(Some.Catalog(ContractStep.All())).Read(text, file).Root;
            Boxes = JsonNode.Parse(text)!["root"]!["activities"]!.AsArray().ToDictionary(a => $"{a!["id"]}", a => BoxOf(a!["metadata"]!["designer"]!));
            Assert.Equal(root.Activities.Count, Boxes.Count);
            var graph = new FlowGraph(root, FlowGraph.StartOf(root, null)!.Id);
            Lines = [.. graph.Connections.Select(c => LineOf(c, root.Activities.Single(a => a.Id == c.Source), graph.IsReachable(c.Source) && !graph.IsForward(c)))];
        }

        public IReadOnlyDictionary<string, Box> Boxes { get; }

        public IReadOnlyList<Line> Lines { get; }

        static Box BoxOf(JsonNode designer)
        {
            double Number(string part, string name) => designer[part]![name]!.GetValue<double>();
            return new(Number("position", "x"), Number("position", "y"), Number("size", "width"), Number("size", "height"));
        }

        Line LineOf(Connection connection, Activity source, bool isLoop)
        {
            var (ports, from, to) = (WorkflowLint.PortsOf(source) ?? ["Done"], Boxes[connection.Source], Boxes[connection.Target]);
            var place = ports.ToList().IndexOf(connection.Port);
            Assert.True(place >= 0, $"'{source.Id}' has no port '{connection.Port}'");
            var (begin, end) = (from.Out(place, ports.Count), to.In);
            Line Of(IReadOnlyList<Point> route) => new(connection.Source, connection.Target, connection.Port, isLoop, route);
            if (isLoop) return Of(Back(begin, end, from, to));
            var turn = IsAtCorner(begin, end.Y, from) ? begin.X : end.X - Turn;
            var direct = Of([begin, new(turn, begin.Y), new(turn, end.Y), end]);
            var between = Boxes.Values.Where(direct.Runs).ToList();
            return between.Count == 0 ? direct : Of(Through(begin, end, between.Min(b => b.X) - Turn, between.Min(b => b.Y) - Turn));
        }

        /// <summary>A loop's line goes back above its ends where it leaves above the port it leads to, otherwise below them.</summary>
        static List<Point> Back(Point begin, Point end, Box from, Box to)
        {
            var height = begin.Y < end.Y ? Math.Min(from.Y, to.Y) - Turn : Math.Max(from.Bottom, to.Bottom) + Turn;
            return Through(begin, end, IsAtCorner(begin, height, from) ? begin.X : begin.X + Turn, height);
        }

        /// <summary>The first of several ports, and the last, are so near to a corner that the line turns at once where it has to go beyond it.</summary>
        static bool IsAtCorner(Point port, double height, Box box) => port.Y - box.Y < 10 && height < box.Y || box.Bottom - port.Y < 10 && height > box.Bottom;

        /// <summary>Along a height of its own, from where it turns.</summary>
        static List<Point> Through(Point begin, Point end, double turn, double height) =>
            [begin, new(turn, begin.Y), new(turn, height), new(end.X - Turn, height), new(end.X - Turn, end.Y), end];
    }
}
