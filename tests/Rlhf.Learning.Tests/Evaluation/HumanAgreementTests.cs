using System.Text.Json;
using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Tests.Support;

namespace Rlhf.Learning.Tests.Evaluation;

public sealed class HumanAgreementTests
{
    sealed record Row(string InstanceId, int InstanceIndex, string ModelA, string ModelB, string Preference, string Evaluator);

    [Fact]
    public void D6_cohens_kappa_and_three_way_agreement_of_real_evaluators_are_the_known_ones()
    {
        var judgements = TwiceJudged();
        var agreement = Agreement.Of(judgements);

        Assert.Equal(121, judgements.Count);
        Assert.Equal(.35, agreement.CohenKappa, .005);
        Assert.Equal(.579, agreement.Share, .0005);
        Assert.Equal(.149, judgements.Count(j => j.First != j.Second && j.First != "tie" && j.Second != "tie") / 121.0, .0005);
    }

    // The first judgement of each of the first two evaluators of an item, by the name of the model that won: sides were swapped between them.
    static List<(string First, string Second)> TwiceJudged()
    {
        var json = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
        return [.. File.ReadLines(SharedData.Path("tulu1-human-eval", "annotations.jsonl"))
            .Select(line => JsonSerializer.Deserialize<Row>(line, json)!)
            .GroupBy(row => (row.InstanceId, row.InstanceIndex, Models: string.Join(' ', new[] { row.ModelA, row.ModelB }.Order(StringComparer.Ordinal))))
            .Select(item => item.DistinctBy(row => row.Evaluator).Select(Winner).ToList())
            .Where(winners => winners.Count > 1)
            .Select(winners => (winners[0], winners[1]))];
    }

    // Only which of the two models won matters for κ, so the name is "first" or "second" of the two in order.
    static string Winner(Row row)
    {
        if (row.Preference == "tie") return "tie";
        var (winner, loser) = row.Preference[0] == 'a' ? (row.ModelA, row.ModelB) : (row.ModelB, row.ModelA);
        return string.CompareOrdinal(winner, loser) < 0 ? "first" : "second";
    }
}
