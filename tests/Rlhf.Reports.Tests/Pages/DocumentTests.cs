using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Rlhf.Reports.Pages;
using Rlhf.Reports.Rounds;
using Rlhf.Reports.Tests.Support;

namespace Rlhf.Reports.Tests.Pages;

/// <summary>What a page promises whatever stands in it.</summary>
public sealed class DocumentTests
{
    const string Hostile = "</p><script>alert(1)</script><img src=x onerror=alert(1)>\0\u0007\u202eevil\u2066\ud800 & \"quoted\" 'too' <!-- ]]> \u0085\ufffe";

    static string Page(RoundMaterial round) => Encoding.UTF8.GetString(RoundDocument.Write(round));

    [Fact]
    public void Texts_of_prompts_completions_and_labelers_never_become_markup()
    {
        var page = Page(SomeRound.Of(prompt: Hostile, completion: Hostile));

        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("onerror=alert(1)>", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page, StringComparison.Ordinal);
        Assert.Contains("␀␇[U+202E]evil[U+2066]", page, StringComparison.Ordinal);
        Assert.DoesNotContain(page, c => c is '\0' or '\u0007' or '\u202e' or '\u2066' or '\u0085' or '\ufffe' || char.IsSurrogate(c));
    }

    [Fact]
    public void A_very_long_text_is_cut_and_says_so()
    {
        var page = Page(SomeRound.Of(prompt: new string('p', 1_000_000), completion: new string('c', 1_000_000)));

        Assert.Contains("characters more)", page, StringComparison.Ordinal);
        Assert.True(page.Length < 1_500_000, $"{page.Length} characters");
    }

    [Fact]
    public void The_page_forbids_everything_but_its_own_style_and_pictures_and_names_no_other_place()
    {
        var page = Page(SomeRound.Of());
        var style = Regex.Match(page, "<style>(.*?)</style>", RegexOptions.Singleline).Groups[1].Value;

        Assert.Contains($"default-src 'none'; img-src data:; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)))}'", page, StringComparison.Ordinal);
        Assert.All(Regex.Matches(page, "(?:src|href)=\"([^\"]{0,8})").Select(m => m.Groups[1].Value), v => Assert.True(v.StartsWith("data:", StringComparison.Ordinal) || v.StartsWith('#'), v));
        Assert.DoesNotContain("url(", page, StringComparison.Ordinal);
        Assert.DoesNotContain(" style=", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_round_is_the_same_page_on_every_machine()
    {
        var before = CultureInfo.CurrentCulture;
        var first = Page(SomeRound.Of());
        try
        {
            // As in Germany; the tests' own globalization knows no cultures by name.
            CultureInfo.CurrentCulture = new("") { NumberFormat = { NumberDecimalSeparator = ",", NumberGroupSeparator = ".", NegativeSign = "−" } };
            Assert.Equal(first, Page(SomeRound.Of()));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Elements_without_content_are_closed_as_html_wants_it()
    {
        var page = Encoding.UTF8.GetString(Document.Write("t", [new XElement("div", new XElement("td"), new XElement("br"))]));

        Assert.Contains("<td></td><br />", page, StringComparison.Ordinal);
    }
}
