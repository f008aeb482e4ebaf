using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Tests.Rounds;

public sealed class RoundTests(FinishedRound round)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_round_from_nothing_ends_with_a_decision_and_one_JSON_document()
    {
        Assert.True(round.Said.ExitCode == 0, round.Said.Error);
        var json = round.Said.Json;
        Assert.Contains(json["decision"]!.GetValue<string>(), new[] { "promote", "reject" });
        Assert.True(json["simulated"]!.GetValue<bool>());
        Assert.True(json["peakMemoryBytes"]!.GetValue<long>() < 2_000_000_000);
        Assert.Equal(["promote" == json["decision"]!.GetValue<string>() ? 19 : 18], [json["secondsPerStep"]!.AsObject().Count]);
        foreach (var figure in new[] { "proxyBefore", "proxyAfter", "sequenceKl" }) Assert.True(double.IsFinite(json["report"]![figure]!.GetValue<double>()));
    }

    [Fact]
    public async Task The_test_preset_learns()
    {
        var records = await new StepRecords(new FolderObjectStore(round.Store)).ListAsync(Token);
        async Task<List<double>> Values(string step, string metric) =>
            [.. (await MetricJournal.ReadAsync(new FolderObjectStore(round.Store), records.Single(r => r.Step == step).Journal!, Token)).Where(l => l.Metric == metric).Select(l => l.Value)];

        var supervised = await Values("PreparePolicy", "sft/loss");
        var scores = await Values("TrainPolicy", "objective/score");
        var kl = await Values("TrainPolicy", "objective/kl");

        Assert.True(supervised[^1] < supervised[0] / 3, $"supervised loss from {supervised[0]:0.00} to {supervised[^1]:0.00}");
        Assert.True(scores.TakeLast(3).Average() > scores.Take(2).Average() + 0.2, string.Join(' ', scores.Select(s => s.ToString("0.00"))));
        Assert.InRange(kl[^1], 0.1, 30);
    }

    [Fact]
    public async Task A_round_measures_champion_and_challenger_and_rates_them()
    {
        var report = round.Said.Json["report"]!;
        var artifacts = new ArtifactStore(new FolderObjectStore(round.Store));
        var measures = await artifacts.ReadJsonAsync<ChallengerMeasures>(ArtifactRef.Parse($"{report["decision"]!["measures"]}"), ChallengerMeasures.File, Token);

        var ratings = await Support.Rlhf.Run(round.Store, "gate", "ratings", "--json");
        var table = await Support.Rlhf.Run(round.Store, "gate", "ratings");
        var unknown = await Support.Rlhf.Run(round.Store, "gate", "ratings", "--campaign", "nothing");

        Assert.Equal(($"{report["champion"]}", $"{report["challenger"]}"), ($"{measures.Champion}", $"{measures.Challenger}"));
        Assert.Equal((0, measures.ReferenceLanguageLoss), (measures.ChampionFigures.Kl, measures.ChampionFigures.LanguageLoss)); // the first champion is the reference policy
        Assert.True(measures is { ProxyGain: > 0, ChallengerFigures.Kl: > 0, Forgetting: > 0 });
        Assert.True(ratings.ExitCode == 0, ratings.Error);
        var policies = ratings.Json["policies"]!.AsArray();
        Assert.Equal(["policy@1", "policy@2"], policies.Select(p => $"{p!["versions"]![0]}").Order(StringComparer.Ordinal));
        Assert.True(ratings.Json["simulated"]!.GetValue<bool>());
        Assert.Equal($"{report["ratings"]}", $"{ratings.Json["ratings"]}");
        Assert.Equal($"{report["challengerRating"]!["rating"]}", $"{policies.Single(p => $"{p!["policy"]}" == $"{measures.Challenger}")!["rating"]}");
        Assert.Contains("ratings (simulated)", table.Output, StringComparison.Ordinal);
        Assert.Equal(2, unknown.ExitCode);
    }

    [Fact]
    public async Task Every_artifact_of_a_round_verifies()
    {
        var said = await Support.Rlhf.Run(round.Store, "artifacts", "verify", "--json");

        Assert.Equal(0, said.ExitCode);
        Assert.True(said.Json["artifacts"]!.GetValue<int>() > 12);
        Assert.Empty(said.Json["problems"]!.AsArray());
    }

    [Fact]
    public async Task A_replay_answers_every_pure_step_from_its_record_and_ends_with_the_same_report()
    {
        await using var site = round.Copy();

        var said = await site.RunAsync("round", "--preset", "tiny", "--same", "--json");

        Assert.True(said.ExitCode == 0, said.Error);
        Assert.Equal($"{round.Said.Json["outputs"]}", $"{said.Json["outputs"]}");
        Assert.Superset(
            new HashSet<string> { "prepare-policy", "sample-completions", "train-reward-model", "train-policy", "sample-evaluation", "measure-challenger", "decide-gate" },
            said.Json["cachedSteps"]!.AsArray().Select(s => s!.GetValue<string>()).ToHashSet());
    }

    [Fact]
    public async Task The_next_round_starts_with_its_own_seed_and_reuses_the_supervised_policy()
    {
        await using var site = round.Copy();

        var said = await site.StartRound().EndAsync();

        Assert.True(said.ExitCode == 0, said.Error);
        Assert.Equal(2, said.Json["report"]!["round"]!.GetValue<int>());
        Assert.Equal(["prepare-policy"], said.Json["cachedSteps"]!.AsArray().Select(s => s!.GetValue<string>()));
        var promoted = round.Said.Json["decision"]!.GetValue<string>() == "promote";
        Assert.Equal($"{round.Said.Json["report"]![promoted ? "challenger" : "champion"]}", $"{said.Json["report"]!["champion"]}");
    }
}
