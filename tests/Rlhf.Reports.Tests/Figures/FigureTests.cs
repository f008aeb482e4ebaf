using System.Text;
using System.Xml.Linq;
using Rlhf.Reports.Figures;
using Rlhf.Reports.Pages;

namespace Rlhf.Reports.Tests.Figures;

public sealed class FigureTests
{
    [Fact]
    public void Lines_of_a_plot_differ_in_dash_and_marker_and_not_in_color_alone()
    {
        PlotPoint[] points = [new(0, 1), new(1, 2)];
        var svg = XDocument.Parse(new Plot("x (nats)", "y (nats)").Line("one", points).Line("two", points).Line("three", points).ToSvg());
        var dashes = svg.Descendants().Where(e => e.Name.LocalName == "polyline").Select(e => Dash(e)).Distinct().ToList();

        Assert.True(dashes.Count >= 3, string.Join(" | ", dashes));
        Assert.Equal(["x (nats)", "y (nats)", "one", "two", "three"], new[] { "x (nats)", "y (nats)", "one", "two", "three" }.Where(t => svg.Descendants().Any(e => e.Value == t)));
    }

    static string Dash(XElement line) => $"{line.Attribute("style")?.Value.Split(';').FirstOrDefault(s => s.Contains("dasharray", StringComparison.Ordinal))}{line.Attribute("stroke-dasharray")?.Value}";

    [Fact]
    public void The_numbers_behind_a_figure_come_back_the_same()
    {
        var csv = new Csv("name", "value", "count").Add("a,b \"c\"", 0.1 + 0.2, 3).Add(null, double.MaxValue, null).Add("=1+1", -1e-300, 0).ToString();

        Assert.Equal("name,value,count\n\"a,b \"\"c\"\"\",0.30000000000000004,3\n,1.7976931348623157E+308,\n'=1+1,-1E-300,0\n", csv);
        Assert.Throws<ArgumentException>(() => new Csv("one").Add(1, 2));
    }

    [Fact]
    public void A_figure_holds_picture_and_numbers_in_the_page_itself()
    {
        var element = new Figure("curve", "A curve", "What it is.", "<svg/>", "a,b\n1,2\n").ToElement();
        var link = element.Descendants("a").Single();

        Assert.Equal($"data:image/svg+xml;base64,{Convert.ToBase64String("<svg/>"u8)}", element.Element("img")!.Attribute("src")!.Value);
        Assert.Equal(("curve.csv", "Numbers (CSV, 1 row)"), (link.Attribute("download")!.Value, link.Value));
        Assert.Equal("a,b\n1,2\n", Encoding.UTF8.GetString(Convert.FromBase64String(link.Attribute("href")!.Value.Split("base64,")[1])));
    }

    [Theory]
    [InlineData(0.12345, "0.123")]
    [InlineData(-12.3456, "-12.35")]
    [InlineData(1234.56, "1234.6")]
    [InlineData(123456.0, "1.235E+5")]
    [InlineData(0.0000123, "1.23E-5")]
    [InlineData(double.NaN, "–")]
    public void Numbers_are_shown_as_far_as_they_say_something(double value, string shown) => Assert.Equal(shown, Readable.Number(value));
}
