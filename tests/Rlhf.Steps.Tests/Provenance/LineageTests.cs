using Rlhf.Steps.Provenance;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Provenance;

public class LineageTests
{
    readonly MemoryObjectStore _objects = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_policy_was_made_by_every_step_back_to_what_was_imported()
    {
        var history = await SmallHistory.MakeAsync(_objects, Token);
        var lineage = await Lineage.ReadAsync(_objects, Token);

        var steps = lineage.Upstream(history.SecondPolicy);

        Assert.Equal(["TrainPolicy", "TrainPolicy", "TrainRewardModel", "BuildPreferences", "CollectJudgements"], steps.Select(s => s.Record.Step));
        Assert.Contains(history.Prompts, steps[^1].From);
        Assert.Empty(lineage.MakersOf(history.Prompts));
    }

    [Fact]
    public async Task What_was_made_of_a_judgement_is_found_up_to_the_policies_of_later_rounds()
    {
        var history = await SmallHistory.MakeAsync(_objects, Token);

        var steps = (await Lineage.ReadAsync(_objects, Token)).Downstream(history.Judgements);

        Assert.Equal([history.Pairs, history.RewardModel, history.Policy, history.SecondPolicy], steps.SelectMany(s => s.To));
    }

    [Fact]
    public async Task A_step_that_only_names_an_artifact_among_its_outputs_is_not_its_maker()
    {
        var history = await SmallHistory.MakeAsync(_objects, Token);

        var makers = (await Lineage.ReadAsync(_objects, Token)).MakersOf(history.Policy);

        Assert.Equal("TrainPolicy", Assert.Single(makers).Step);
    }
}
