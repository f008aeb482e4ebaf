using System.Globalization;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using Rlhf.Reports.Figures;

namespace Rlhf.Reports.Rounds;

/// <summary>The steps of a round as a graph, from top to bottom; an arrow is an artifact that one made and another took.</summary>
static class LineagePlot
{
    const double Wide = 0.84, High = 0.5;

    public static Figure Of(RoundLineage lineage)
    {
        var (places, csv) = (Places(lineage), new Csv("from_step", "to_step", "artifact"));
        var rows = places.Max(p => p.Y) + 1;
        var columns = places.Max(p => p.X) + 1;
        var model = new PlotModel { Culture = CultureInfo.InvariantCulture, DefaultFont = "Arial", Background = OxyColors.White, PlotAreaBorderThickness = new(0), PlotMargins = new(4), Padding = new(0) };
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Minimum = -0.5, Maximum = columns - 0.5, IsAxisVisible = false });
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Left, Minimum = -0.5, Maximum = rows - 0.5, StartPosition = 1, EndPosition = 0, IsAxisVisible = false });
        var makers = lineage.Steps.Index().SelectMany(s => s.Item.To.Select(a => (Artifact: a, s.Index))).DistinctBy(m => m.Artifact).ToDictionary(m => m.Artifact, m => m.Index);
        foreach (var (index, step) in lineage.Steps.Index())
        {
            foreach (var artifact in step.From.Where(makers.ContainsKey))
            {
                var from = makers[artifact];
                if (from == index) continue;
                csv.Add(lineage.Steps[from].Record.Step, step.Record.Step, $"{artifact}");
                model.Annotations.Add(new ArrowAnnotation
                {
                    StartPoint = new(places[from].X, places[from].Y + High / 2),
                    EndPoint = new(places[index].X, places[index].Y - High / 2),
                    Color = OxyColors.Gray,
                    StrokeThickness = 1,
                    HeadLength = 6,
                    HeadWidth = 2.5,
                });
            }
        }
        foreach (var (index, step) in lineage.Steps.Index())
            model.Annotations.Add(new RectangleAnnotation
            {
                MinimumX = places[index].X - Wide / 2,
                MaximumX = places[index].X + Wide / 2,
                MinimumY = places[index].Y - High / 2,
                MaximumY = places[index].Y + High / 2,
                Fill = OxyColors.White,
                Stroke = OxyColors.Black,
                StrokeThickness = 1,
                Text = step.Record.Step,
                TextColor = OxyColors.Black,
                FontSize = 11,
            });
        var svg = Svg.Of(model, Math.Max(720, 170 * columns), 62 * rows);
        return new("lineage", "Graph of the round's steps", "Steps from top to bottom; an arrow is an artifact that one step made and another took.", svg, csv.ToString());
    }

    /// <summary>A row for each depth; in it the steps near what they come from.</summary>
    static List<(double X, int Y)> Places(RoundLineage lineage)
    {
        var depths = lineage.Depths();
        var most = depths.CountBy(d => d).Max(d => d.Value);
        var (places, of) = (new (double X, int Y)[depths.Count], new Dictionary<Steps.Artifacts.ArtifactRef, double>());
        foreach (var row in depths.Index().GroupBy(d => d.Item).OrderBy(g => g.Key))
        {
            var middle = (most - 1) / 2.0;
            var wanted = row.Select(d => (d.Index, X: lineage.Steps[d.Index].From.Where(of.ContainsKey).Select(f => of[f]).DefaultIfEmpty(middle).Average())).OrderBy(p => p.X).ThenBy(p => p.Index).ToList();
            foreach (var (place, (index, _)) in wanted.Index())
            {
                places[index] = (middle + place - (wanted.Count - 1) / 2.0, row.Key);
                foreach (var artifact in lineage.Steps[index].To) of.TryAdd(artifact, places[index].X);
            }
        }
        return [.. places];
    }
}
