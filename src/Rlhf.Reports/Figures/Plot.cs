using System.Globalization;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Rlhf.Reports.Figures;

/// <summary>A point of a plot, with its interval where it has one.</summary>
public readonly record struct PlotPoint(double X, double Y, double? Lower = null, double? Upper = null);

/// <summary>
/// A plot of lines and points that can be told apart without color, by dash and marker: the colors are Okabe and Ito's, which those who do not see some
/// colors tell apart, too.
/// </summary>
public sealed class Plot
{
    const int Width = 720, Height = 400;

    static readonly (OxyColor Color, LineStyle Dash, MarkerType Marker)[] Looks =
    [
        (OxyColor.FromRgb(0x00, 0x72, 0xb2), LineStyle.Solid, MarkerType.Circle),
        (OxyColor.FromRgb(0xd5, 0x5e, 0x00), LineStyle.Dash, MarkerType.Square),
        (OxyColor.FromRgb(0x00, 0x7f, 0x5c), LineStyle.Dot, MarkerType.Triangle),
        (OxyColors.Black, LineStyle.LongDash, MarkerType.Diamond),
        (OxyColor.FromRgb(0xa8, 0x50, 0x82), LineStyle.DashDot, MarkerType.Star),
        (OxyColor.FromRgb(0x8a, 0x6d, 0x00), LineStyle.LongDashDot, MarkerType.Cross),
        (OxyColor.FromRgb(0x66, 0x66, 0x66), LineStyle.DashDashDot, MarkerType.Plus),
    ];

    readonly PlotModel _model = new()
    {
        // Not that of whoever's machine it is.
        Culture = CultureInfo.InvariantCulture,
        DefaultFont = "Arial",
        Background = OxyColors.White,
        PlotAreaBorderColor = OxyColors.Gray,
        Padding = new(8, 8, 18, 8),
    };

    int _looks, _marks;

    /// <param name="x">What is to the right, with its unit.</param>
    /// <param name="y">What is upwards, with its unit.</param>
    public Plot(string x, string y)
    {
        _model.Axes.Add(Axis(AxisPosition.Bottom, x));
        _model.Axes.Add(Axis(AxisPosition.Left, y));
        _model.Legends.Add(new Legend
        {
            LegendPlacement = LegendPlacement.Outside,
            LegendPosition = LegendPosition.TopLeft,
            LegendOrientation = LegendOrientation.Horizontal,
            LegendSymbolLength = 36,
            LegendLineSpacing = 6,
            LegendBorderThickness = 0,
        });
    }

    /// <summary>The least and the most that an axis shows, where these are fixed.</summary>
    public Plot Range(double left, double right, double bottom, double top)
    {
        (_model.Axes[0].Minimum, _model.Axes[0].Maximum, _model.Axes[1].Minimum, _model.Axes[1].Maximum) = (left, right, bottom, top);
        return this;
    }

    /// <summary>The axis to the right begins at 0, and a thin line shows where 0 is upwards.</summary>
    public Plot FromZero()
    {
        _model.Axes[0].Minimum = 0;
        _model.Annotations.Add(new LineAnnotation { Type = LineAnnotationType.Horizontal, Y = 0, Color = OxyColors.Gray, StrokeThickness = 1, LineStyle = LineStyle.Dash, Layer = AnnotationLayer.BelowSeries });
        return this;
    }

    /// <summary>Whole numbers only at the axis to the right.</summary>
    public Plot Whole()
    {
        (_model.Axes[0].MinimumMajorStep, _model.Axes[0].MinimumMinorStep) = (1, 1);
        return this;
    }

    /// <summary>Points joined by a line; a marker on each as long as there is room for it.</summary>
    public Plot Line(string name, IReadOnlyList<PlotPoint> points)
    {
        var look = Looks[_looks++ % Looks.Length];
        return Add(name, points, look.Color, look.Dash, look.Marker);
    }

    /// <summary>A curve without markers.</summary>
    public Plot Curve(string name, IReadOnlyList<PlotPoint> points)
    {
        var look = Looks[_looks++ % Looks.Length];
        return Add(name, points, look.Color, look.Dash, MarkerType.None);
    }

    /// <summary>Points alone.</summary>
    public Plot Points(string name, IReadOnlyList<PlotPoint> points, double size = 2.5)
    {
        var look = Looks[_looks++ % Looks.Length];
        var series = new ScatterSeries { Title = name, MarkerType = look.Marker, MarkerSize = size, MarkerFill = OxyColor.FromAColor(170, look.Color), MarkerStroke = OxyColors.Transparent };
        series.Points.AddRange(points.Select(p => new ScatterPoint(p.X, p.Y)));
        _model.Series.Add(series);
        return this;
    }

    /// <summary>A thin line from one place to another, beneath everything.</summary>
    public Plot Guide(PlotPoint from, PlotPoint to)
    {
        var line = new LineSeries { Color = OxyColors.Gray, StrokeThickness = 1, LineStyle = LineStyle.Dash };
        line.Points.AddRange([new(from.X, from.Y), new(to.X, to.Y)]);
        _model.Series.Insert(0, line);
        return this;
    }

    /// <summary>An upright line with a word beside it.</summary>
    public Plot Mark(double x, string word)
    {
        _model.Annotations.Add(new LineAnnotation
        {
            Type = LineAnnotationType.Vertical,
            X = x,
            Text = word,
            Color = OxyColors.Black,
            TextColor = OxyColors.Black,
            StrokeThickness = 1.2,
            LineStyle = LineStyle.LongDash,
            TextLinePosition = 0.03 + 0.36 * _marks++ % 0.9,
            TextHorizontalAlignment = HorizontalAlignment.Left,
        });
        return this;
    }

    public string ToSvg()
    {
        // One line needs no name: the axis has it.
        _model.IsLegendVisible = _model.Series.Count(s => s.Title is not null) > 1;
        return Svg.Of(_model, Width, Height);
    }

    /// <summary>As many points at most, evenly out of all, the first and the last among them.</summary>
    public static IReadOnlyList<T> Thinned<T>(IReadOnlyList<T> points, int most) => points.Count <= most
        ? points
        : [.. Enumerable.Range(0, most).Select(i => points[(int)((long)i * (points.Count - 1) / (most - 1))])];

    Plot Add(string name, IReadOnlyList<PlotPoint> points, OxyColor color, LineStyle dash, MarkerType marker)
    {
        var line = new LineSeries
        {
            Title = name,
            Color = color,
            LineStyle = dash,
            StrokeThickness = 1.8,
            MarkerType = points.Count > 60 ? MarkerType.None : marker,
            MarkerSize = 3.5,
            MarkerFill = color,
            MarkerStroke = color,
        };
        line.Points.AddRange(points.Select(p => new DataPoint(p.X, p.Y)));
        _model.Series.Add(line);
        if (points.Any(p => p.Lower is not null)) _model.Series.Add(Intervals(points, color));
        return this;
    }

    static LineSeries Intervals(IReadOnlyList<PlotPoint> points, OxyColor color)
    {
        var series = new LineSeries { Color = color, StrokeThickness = 1 };
        foreach (var point in points.Where(p => p is { Lower: not null, Upper: not null }))
            series.Points.AddRange([new(point.X, point.Lower!.Value), new(point.X, point.Upper!.Value), DataPoint.Undefined]);
        return series;
    }

    static LinearAxis Axis(AxisPosition position, string title) => new()
    {
        Position = position,
        Title = title,
        AxisTitleDistance = position == AxisPosition.Left ? 14 : 10,
        MajorGridlineStyle = LineStyle.Solid,
        MajorGridlineColor = OxyColor.FromRgb(0xe4, 0xe4, 0xe4),
        TicklineColor = OxyColors.Gray,
        MinimumPadding = 0.03,
        MaximumPadding = 0.05,
    };
}
