using OxyPlot;

namespace Rlhf.Reports.Figures;

/// <summary>OxyPlot's pictures as SVG.</summary>
static class Svg
{
    /// <param name="model">What is drawn.</param>
    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    public static string Of(PlotModel model, double width, double height) => new SvgExporter
    {
        Width = width,
        Height = height,
        UseVerticalTextAlignmentWorkaround = true,
        TextMeasurer = new InPixels(width, height),
    }.ExportToString(model);

    /// <summary>The exporter's own measure of width takes sizes as points, 72 an inch, and they are written as pixels, 96 an inch: texts would be cut.</summary>
    sealed class InPixels(double width, double height) : PdfRenderContext(width, height, OxyColors.White)
    {
        const double Larger = 96.0 / 72;

        public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight)
        {
            var points = base.MeasureText(text, fontFamily, fontSize, fontWeight);
            return new(points.Width * Larger, points.Height);
        }
    }
}
