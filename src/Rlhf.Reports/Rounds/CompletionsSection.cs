using System.Xml.Linq;
using Rlhf.Reports.Pages;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Rounds;

/// <summary>What champion and challenger write to the same prompts, side by side, shaded where they differ from the reference policy.</summary>
static class CompletionsSection
{
    /// <summary>Nats from which on a token has the next shade.</summary>
    static readonly double[] Shades = [0.1, 0.3, 1, 2, 4];

    public static XElement Of(RoundMaterial round) => Section(
        "completions", "Completions before and after",
        round.Samples.Count == 0
            ? [Absent(round.Missing.GetValueOrDefault(RoundReader.Samples, "No prompt was measured."))]
            : [Legend(round), .. round.Samples.Select(s => Pair(round, s))]);

    static XElement Legend(RoundMaterial round) => Paragraph(
        $"The first {round.Samples.Count} prompts of the evaluation, in the order of asking; nothing was picked. The stronger a token is shaded, the further the policy's log-probability is from the reference policy's: ",
        Shades.Select((from, i) => new object[] { new XElement("span", Class($"k k{i + 1}"), $"from {Readable.Number(from)}"), " " }), "nats; ", new XElement("span", Class("less"), "underlined"), " where the policy likes the token less than the reference does.");

    static XElement Pair(RoundMaterial round, TokenSample sample) => new(
        "div", Class("pair"),
        new XElement("p", Class("text prompt"), sample.Prompt.Select(t => new object[] { sample.Prompt.Count > 1 ? new XElement("strong", $"{t.Role}: ") : "", Readable.Beginning(t.Text), "\n" })),
        Side("Champion", sample.Champion), Side("Challenger", sample.Challenger), Judged(round, sample));

    static XElement Side(string name, IReadOnlyList<TokenKl> tokens) => new(
        "div", new XElement("h3", $"{name}: {Readable.Number(tokens.Sum(t => t.Kl))} nats in {tokens.Sum(t => t.Tokens)} tokens"), new XElement("p", Class("text"), Shaded(tokens)));

    /// <summary>Tokens of one shade behind each other are one element, so that a long text stays small.</summary>
    static IEnumerable<object> Shaded(IReadOnlyList<TokenKl> tokens)
    {
        var left = Readable.MostCharacters;
        foreach (var token in tokens)
        {
            // The end of the sequence gives no text, and has a place all the same.
            var text = token.Text.Length > 0 ? token.Text : "·";
            if (left < text.Length)
            {
                yield return $" … ({tokens.Sum(t => t.Text.Length) - Readable.MostCharacters} characters more)";
                yield break;
            }
            left -= text.Length;
            var shade = Shades.Count(s => Math.Abs(token.Kl) >= s);
            yield return shade == 0 ? text : new XElement(
                "span", Class($"k k{shade}{(token.Kl < 0 ? " less" : "")}"), new XAttribute("title", $"{(token.Kl > 0 ? "+" : "")}{Readable.Number(token.Kl)} nats"), text);
        }
    }

    static XElement? Judged(RoundMaterial round, TokenSample sample)
    {
        var said = round.Evidence.Where(e => e.Decides && e.Comparison.PromptId == sample.PromptId).ToList();
        if (said.Count == 0) return null;
        var (champion, challenger, ties) = (0, 0, 0);
        foreach (var item in said)
        {
            // By the sample, as the gate does.
            var side = item.Comparison.A.Sample == 1 ? Steps.Data.Side.A : Steps.Data.Side.B;
            foreach (var judgement in Judgement.Deciding(item.Judgements))
                if (judgement.Side == Steps.Data.Side.Tie) ties++;
                else if (judgement.Side == side) challenger++;
                else champion++;
        }
        return new("p", Class("said"), $"Judged{round.GateMark}: {champion} for the champion, {challenger} for the challenger, {ties} ties.");
    }
}
