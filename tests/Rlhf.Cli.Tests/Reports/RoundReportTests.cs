using System.Text;
using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Cli.Tests.Reports;

/// <summary><c>rlhf report</c> on the store of a finished round.</summary>
public sealed class RoundReportTests(FinishedRound round) : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    Task<Said> Run(params string[] args) => Support.Rlhf.Run(round.Store, args);

    [Fact]
    public async Task A_round_is_one_file_with_every_part_and_how_long_it_took()
    {
        var file = Path.Combine(_folder, "round.html");
        var said = await Run("report", "1", "--output", file, "--json");
        var artifact = ArtifactRef.Parse(said.Json["report"]!.GetValue<string>());
        var kept = Encoding.UTF8.GetString(await new ArtifactStore(new FolderObjectStore(round.Store)).ReadFileAsync(artifact, "report.html", TestContext.Current.CancellationToken));
        var page = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);

        Assert.True(said.ExitCode == 0, said.Error);
        Assert.Equal((file, 1, true), (said.Json["file"]!.GetValue<string>(), said.Json["round"]!.GetValue<int>(), said.Json["simulated"]!.GetValue<bool>()));
        Assert.Contains("s in steps; waiting for people is not in it.", page, StringComparison.Ordinal);
        foreach (var name in new[] { "ppo-score", "ppo-kl", "reliability", "length", "clusters", "lineage" }) Assert.Contains($"download=\"{name}.csv\"", kept, StringComparison.Ordinal);
        Assert.DoesNotContain("is not in this store", kept, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"20[0-9]{2}-[01][0-9]-[0-3][0-9]", kept);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.Equal(["round.html"], Directory.GetFiles(_folder).Select(f => Path.GetFileName(f)));
    }

    [Fact]
    public async Task Without_a_round_it_is_the_campaign_and_what_is_not_clear_is_wrong_usage()
    {
        var file = Path.Combine(_folder, "campaign.html");
        var campaign = await Run("report", "--output", file);
        var unknown = await Run("report", "99", "--output", file);
        var both = await Run("report", "1", "--compare", "1", "2");
        var same = await Run("report", "--compare", "1", "1", "--output", file);
        var nowhere = await Run("report", "1", "--output", Path.Combine(_folder, "no", "where.html"));

        Assert.True(campaign.ExitCode == 0, campaign.Error);
        Assert.Equal(file, campaign.Output.Trim());
        Assert.Equal([2, 2, 2, 2], new[] { unknown, both, same, nowhere }.Select(s => s.ExitCode));
        Assert.Contains("No round '99' was reported in this store; known are of campaign", unknown.Error, StringComparison.Ordinal);
        Assert.Contains("not both", both.Error, StringComparison.Ordinal);
        Assert.Contains("expected at least two rounds", same.Error, StringComparison.Ordinal);
        Assert.Contains("there is no folder", nowhere.Error, StringComparison.Ordinal);
    }
}
