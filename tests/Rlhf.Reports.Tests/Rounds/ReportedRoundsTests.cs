using Rlhf.Reports.Rounds;
using Rlhf.Reports.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Reports.Tests.Rounds;

/// <summary>Which round a person means.</summary>
public sealed class ReportedRoundsTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    ReportedRounds Rounds(params StepRecord[] records) => ReportedRounds.Of(new(new FolderObjectStore(_folder)), records);

    static StepRecord Reported(int round, char digit, string campaign = SomeRound.Campaign, int second = 0) =>
        SomeRound.Record($"{campaign}-{round}-{second}", "ReportRound", $"i{round}{second}", second, SomeRound.Inputs(round) with { Campaign = campaign }, new { report = SomeRound.Ref("report", digit) });

    [Fact]
    public void A_round_is_found_by_number_instance_and_report()
    {
        var rounds = Rounds(Reported(1, '1'), Reported(2, '2', second: 5));

        Assert.Equal(SomeRound.Ref("report", '2'), rounds.Find("2", null).Report);
        Assert.Equal(1, rounds.Find("i10", null).Inputs.Round);
        Assert.Equal(2, rounds.Find("report/2222", "aaaa").Inputs.Round);
        Assert.Equal([1, 2], rounds.OfCampaign(null).Select(r => r.Inputs.Round));
    }

    [Fact]
    public void A_replay_is_the_same_round()
    {
        var rounds = Rounds(Reported(1, '1', second: 9), Reported(1, '1'));

        Assert.Equal("i10", rounds.Find("1", null).Instance);
        Assert.Single(rounds.OfCampaign(null));
    }

    [Fact]
    public void What_is_not_clear_or_not_there_is_said_with_what_there_is()
    {
        var rounds = Rounds(Reported(1, '1'), Reported(1, '2', "bbbbbbbbbbbb"));

        Assert.Contains("expected --campaign", Assert.Throws<ArgumentException>(() => rounds.Find("1", null)).Message, StringComparison.Ordinal);
        Assert.Equal(SomeRound.Ref("report", '2'), rounds.Find("1", "bb").Report);
        Assert.Contains("known are of campaign aaaaaaaaaaaa 1", Assert.Throws<ArgumentException>(() => rounds.Find("7", null)).Message, StringComparison.Ordinal);
        Assert.Contains("expected --campaign", Assert.Throws<ArgumentException>(() => rounds.OfCampaign(null)).Message, StringComparison.Ordinal);
        Assert.Contains("none was reported yet", Assert.Throws<ArgumentException>(() => Rounds().Find("1", null)).Message, StringComparison.Ordinal);
        Assert.Contains("campaign 'c…'", Assert.Throws<ArgumentException>(() => rounds.Find("1", "c")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Artifacts_that_are_not_in_the_store_are_named_in_their_part()
    {
        var artifacts = new ArtifactStore(new FolderObjectStore(_folder));
        var material = await new RoundReader(artifacts).ReadAsync(SomeRound.Inputs(1), SomeRound.Of().Report, SomeRound.Records(1), TestContext.Current.CancellationToken);

        Assert.Equal($"{SomeRound.Ref("preferences", 'f')} is not in this store.", material.Missing[RoundReader.Preferences]);
        Assert.Contains("did not watch", material.Missing[RoundReader.Overoptimization], StringComparison.Ordinal);
        Assert.Equal(["judgements/55555555"], material.Cost.Missing);
        Assert.NotEmpty(CanonicalJson.Serialize(material.Cost));
    }
}
