using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests.Workflows;

/// <summary>
/// How the files of <c>workflows/</c> lie in the designer: boxes with the port In at the middle of the left side, the outcomes spread over the right side from
/// the top, and straight lines between them.
/// </summary>
public sealed class LayoutTests
{
    // So that two boxes can be told apart, and a line drawn between them.
    const double Gap = 20;

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
        Assert.All(forward, l => Assert.True(l.To.X > l.From.X, $"{l.Name} goes from {l.From} to {l.To}"));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void No_line_crosses_another_one_or_runs_under_an_activity(string file)
    {
        var layout = new Layout(file);

        Assert.All(Pairs(layout.Lines), p => Assert.False(p.First.Crosses(p.Second), $"{p.First.Name} crosses {p.Second.Name}"));
        Assert.All(layout.Lines, l => Assert.All(
            layout.Boxes.Where(b => b.Key != l.Source && b.Key != l.Target), b => Assert.False(b.Value.Cuts(l.From, l.To), $"{l.Name} runs under '{b.Key}'")));
    }

    [Fact]
    public void Lines_and_boxes_are_told_apart_where_they_meet_and_where_they_do_not()
    {
        var box = new Box(0, 0, 100, 50);
        Line Of(double x1, double y1, double x2, double y2) => new("a", "b", "Done", false, new(x1, y1), new(x2, y2));

        Assert.True(Of(0, 0, 10, 10).Crosses(Of(0, 10, 10, 0)));
        Assert.False(Of(0, 0, 10, 10).Crosses(Of(0, 5, 4, 10)));
        Assert.False(Of(0, 0, 10, 10).Crosses(Of(0, 0, 10, 0))); // from one port
        Assert.True(Of(0, 0, 10, 0).Crosses(Of(5, 0, 20, 0)));
        Assert.True(box.Cuts(new(-10, 20), new(110, 30)));
        Assert.False(box.Cuts(new(-10, 60), new(110, 60)));
        Assert.True(box.Meets(new(110, 0, 10, 10), Gap));
        Assert.False(box.Meets(new(121, 0, 10, 10), Gap));
    }

    static IEnumerable<(T First, T Second)> Pairs<T>(IReadOnlyList<T> all) => all.Index().SelectMany(a => all.Skip(a.Index + 1).Select(b => (a.Item, b)));

    sealed record Point(double X, double Y);

    /// <summary>From the upper left corner, y downward.</summary>
    sealed record Box(double X, double Y, double Width, double Height)
    {
        public bool Meets(Box other, double gap) =>
            Math.Abs(X + Width / 2 - other.X - other.Width / 2) < (Width + other.Width) / 2 + gap && Math.Abs(Y + Height / 2 - other.Y - other.Height / 2) < (Height + other.Height) / 2 + gap;

        /// <summary>True where some of the line is within the box: what both sides' intervals leave of it (Liang and Barsky).</summary>
        public bool Cuts(Point from, Point to)
        {
            var (first, last) = (0.0, 1.0);
            foreach (var (start, way, low, high) in new[] { (from.X, to.X - from.X, X, X + Width), (from.Y, to.Y - from.Y, Y, Y + Height) })
            {
                if (way == 0 && (start < low || start > high)) return false;
                if (way == 0) continue;
                first = Math.Max(first, Math.Min((low - start) / way, (high - start) / way));
                last = Math.Min(last, Math.Max((low - start) / way, (high - start) / way));
            }
            return first <= last;
        }
    }

    sealed record Line(string Source, string Target, string Port, bool IsLoop, Point From, Point To)
    {
        public string Name => $"'{Source}' ({Port}) to '{Target}'";

        /// <summary>True where both have a point in common that is not one port of both.</summary>
        public bool Crosses(Line other)
        {
            if (new[] { From, To }.Intersect([other.From, other.To]).Any()) return false;
            return Turn(other.From) * Turn(other.To) <= 0 && other.Turn(From) * other.Turn(To) <= 0
                && Overlap(From.X, To.X, other.From.X, other.To.X) && Overlap(From.Y, To.Y, other.From.Y, other.To.Y);
        }

        // On which side of this line a point lies; 0 on it.
        int Turn(Point point) => Math.Sign((To.X - From.X) * (point.Y - From.Y) - (To.Y - From.Y) * (point.X - From.X));

        static bool Overlap(double a, double b, double c, double d) => Math.Max(Math.Min(a, b), Math.Min(c, d)) <= Math.Min(Math.Max(a, b), Math.Max(c, d));
    }

    /// <summary>A file's root flowchart as it is drawn.</summary>
    sealed class Layout
    {
        public Layout(string file)
        {
            var text = File.ReadAllText(Repository.Workflow(file));
            var root = new DefinitionReader(Some.Catalog(ContractStep.All())).Read(text, file).Root;
            Boxes = JsonNode.Parse(text)!["root"]!["activities"]!.AsArray().ToDictionary(a => $"{a!["id"]}", a => BoxOf(a!["metadata"]!["designer"]!));
            var graph = new FlowGraph(root, FlowGraph.StartOf(root, null)!.Id);
            Lines = [.. graph.Connections.Select(c => LineOf(c, root.Activities.Single(a => a.Id == c.Source), graph.IsReachable(c.Source) && !graph.IsForward(c)))];
            Assert.Equal(root.Activities.Count, Boxes.Count);
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
            return new(
                connection.Source, connection.Target, connection.Port, isLoop,
                new(from.X + from.Width, from.Y + from.Height * (place + 1) / (ports.Count + 1)), new(to.X, to.Y + to.Height / 2));
        }
    }
}
