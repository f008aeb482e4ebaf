using System.Diagnostics;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Promotions;

namespace Rlhf.Pipeline.Tests.Promotions;

/// <summary>Many processes promote in one environment at the same moment.</summary>
public sealed class RaceTests
{
    const int Racers = 50, Alike = 8;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_fifty_promotions_by_fifty_processes_one_wins_and_the_others_are_refused_and_told_by_which()
    {
        using var some = await SomePromotion.ReadyAsync();
        var decisions = new List<ArtifactRef>();
        for (var i = 0; i < Racers; i++) decisions.Add(await some.DecidedAsync(60 + i, kind: LabelerKind.Simulated, instance: $"gate-{i}"));

        var said = await RaceAsync(some, decisions);

        var winner = Assert.Single(said, s => s.Said.StartsWith("Done", StringComparison.Ordinal));
        var standing = (await some.StandingAsync(Aliases.Sandbox))!;
        Assert.Equal((2, winner.Racer), (standing.Version, standing.Instance));
        Assert.All(said.Where(s => s != winner), s => Assert.Matches($"^Refused: .*promotion {standing.Promotion}", s.Said));
        Assert.Equal(1, (await some.Store.ListAsync(Token)).Count(p => p.State == PromotionState.Promoted));
    }

    [Fact]
    public async Task One_promotion_asked_for_by_several_processes_takes_place_once_and_the_others_are_told_who_did_it()
    {
        using var some = await SomePromotion.ReadyAsync();
        var decision = await some.DecidedAsync(kind: LabelerKind.Simulated);

        var said = await RaceAsync(some, [.. Enumerable.Repeat(decision, Alike)]);

        var standing = (await some.StandingAsync(Aliases.Sandbox))!;
        Assert.Equal(2, standing.Version);
        Assert.All(said, s => Assert.StartsWith("Done: ", s.Said, StringComparison.Ordinal));
        Assert.Equal(Alike - 1, said.Count(s => s.Said.Contains($"already, by instance {standing.Instance}", StringComparison.Ordinal)));
        Assert.Equal(PromotionState.Promoted, Assert.Single(await some.Store.ListAsync(Token)).State);
    }

    static async Task<List<(string Racer, string Said)>> RaceAsync(SomePromotion some, List<ArtifactRef> decisions)
    {
        var racers = decisions.Select((_, i) => Start(some.Folder, $"racer-{i}")).ToList();
        try
        {
            foreach (var racer in racers) Assert.Equal("ready", await racer.StandardOutput.ReadLineAsync(Token));
            foreach (var (racer, decision) in racers.Zip(decisions)) await racer.StandardInput.WriteLineAsync(SomePromotion.Values(decision, Aliases.Sandbox).ToJsonString());
            var said = new List<(string, string)>();
            foreach (var (racer, i) in racers.Select((r, i) => (r, i)))
            {
                var line = await racer.StandardOutput.ReadLineAsync(Token);
                await racer.WaitForExitAsync(Token);
                Assert.True(racer.ExitCode == 0 && line is not null, await racer.StandardError.ReadToEndAsync(Token));
                said.Add(($"racer-{i}", line!));
            }
            return said;
        }
        finally
        {
            foreach (var racer in racers)
            {
                if (!racer.HasExited) racer.Kill();
                racer.Dispose();
            }
        }
    }

    static Process Start(string folder, string name) => Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Rlhf.Promoter.dll"), folder, name])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
