using Rlhf.Reports.Rounds;
using Rlhf.Reports.Tests.Support;

namespace Rlhf.Reports.Tests.Rounds;

public sealed class RoundLineageTests
{
    [Fact]
    public void A_rounds_steps_end_at_what_it_began_with()
    {
        var lineage = RoundLineage.Of(SomeRound.Records(1), SomeRound.Inputs(1));

        Assert.Equal(["CollectJudgements", "BuildPreferences", "TrainRewardModel", "TrainPolicy"], lineage.Steps.Select(s => s.Record.Step));
        Assert.Contains(SomeRound.Ref("policy", 'a'), lineage.Given);
        Assert.DoesNotContain(SomeRound.Ref("policy", 'b'), lineage.Given);
        Assert.Equal([0, 1, 2, 3], lineage.Depths());
    }

    [Fact]
    public void What_the_first_round_made_before_it_began_is_its_own()
    {
        var records = SomeRound.Records(1).Select(r => r.Key == "old" ? r with { Step = "PreparePolicy", Instance = "i1", Inputs = [] } : r).ToList();

        Assert.Equal("PreparePolicy", RoundLineage.Of(records, SomeRound.Inputs(1)).Steps.Single(s => s.To.Contains(SomeRound.Ref("policy", 'a'))).Record.Step);
    }

    [Fact]
    public void The_order_of_records_and_later_replays_change_nothing()
    {
        var records = SomeRound.Records(1);
        var replay = records.Select(r => r with { Key = $"{r.Key}-again", Instance = "replay", FinishedAt = r.FinishedAt.AddHours(1) });

        Assert.Equal(
            RoundLineage.Of(records, SomeRound.Inputs(1)).Steps.Select(s => s.Record.Key),
            RoundLineage.Of([.. replay.Concat(records).Reverse()], SomeRound.Inputs(1)).Steps.Select(s => s.Record.Key));
    }
}
