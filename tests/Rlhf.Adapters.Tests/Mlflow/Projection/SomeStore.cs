using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Adapters.Mlflow.Projection;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Adapters.Tests.Mlflow.Projection;

/// <summary>A small store made by hand: a campaign with rounds that were promoted, rejected, or never ended.</summary>
sealed class SomeStore
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    int _minute;

    public MemoryObjects Objects { get; } = new();

    public static ArtifactRef Ref(string kind, string of) => new(kind, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{kind} {of}"))));

    public static ArtifactRef Sft => Ref("policy", "sft");

    public static string Campaign => Sft.Sha256[..12];

    public static string Key(string of) => Ref("key", of).Sha256;

    /// <summary>A promoted round, a rejected one, and one that was killed after its reward model; 2550 lines in its first journal.</summary>
    public static async Task<SomeStore> WithRoundsAsync()
    {
        var store = new SomeStore();
        await store.PutAsync($"names/policy/00000001.json", new JsonObject { ["artifact"] = $"{Sft}", ["at"] = "2026-03-01T12:00:00+00:00" });
        await store.MoveAsync("champion", 1, Sft);
        await store.RoundAsync(1, Sft, "Promote", lines: 2550);
        await store.RoundAsync(2, Ref("policy", "challenger 1"), "Reject", lines: 3);
        await store.StartRoundAsync(3, Ref("policy", "challenger 1"));
        await store.TrainRewardModelAsync(3, lines: 4);
        return store;
    }

    public async Task StartRoundAsync(int round, ArtifactRef champion)
    {
        await PutAsync($"rounds/{Campaign}/{round:D6}.json", new JsonObject { ["instance"] = Instance(round), ["baseSeed"] = 1, ["champion"] = $"{champion}" });
        await RecordAsync(round, "StartRound", new JsonObject { ["sft"] = $"{Sft}", ["baseSeed"] = 1 }, [],
            new JsonObject { ["campaign"] = Campaign, ["round"] = round, ["seed"] = 7 + round, ["champion"] = $"{champion}", ["reference"] = $"{Sft}" });
    }

    public Task TrainRewardModelAsync(int round, int lines) =>
        RecordAsync(round, "TrainRewardModel", new JsonObject { ["backbone"] = $"{Sft}", ["preferences"] = $"{Ref("preferences", $"{round}")}", ["seed"] = 7 + round },
            new JsonObject { ["epochs"] = 2, ["learningRate"] = 0.001 }, new JsonObject { ["rewardModel"] = $"{Ref("reward-model", $"{round}")}" }, lines);

    public async Task RoundAsync(int round, ArtifactRef champion, string outcome, int lines)
    {
        var challenger = Ref("policy", $"challenger {round}");
        await StartRoundAsync(round, champion);
        await TrainRewardModelAsync(round, lines);
        await RecordAsync(round, "EvaluateRewardModel", new JsonObject { ["rewardModel"] = $"{Ref("reward-model", $"{round}")}", ["preferences"] = $"{Ref("preferences", $"{round}")}" },
            [], new JsonObject { ["reportCard"] = $"{Ref("report-card", $"{round}")}", ["accuracy"] = 0.7 });
        await RecordAsync(round, "TrainPolicy", new JsonObject { ["policy"] = $"{champion}", ["prompts"] = $"{Ref("prompts", "all")}", ["seed"] = 7 + round },
            new JsonObject { ["klEstimator"] = "k1", ["clipRange"] = 0.2, ["slots"] = 128 }, new JsonObject { ["policy"] = $"{challenger}", ["sequenceKl"] = 1.5 }, lines: 6);
        if (outcome == "Promote") await MoveAsync("champion", round + 1, challenger);
        await ReportAsync(round, champion, challenger, outcome);
    }

    public async Task ReportAsync(int round, ArtifactRef champion, ArtifactRef challenger, string outcome)
    {
        var rewardModel = Ref("reward-model", $"{round}");
        var report = new RoundReport(
            round, new(40, 0.7, 0.6, 0.55, 0.3, 0.6, true, 2, 1, new(0.05, 0.2, 0.6, 1.1, []), new(0.2, 0.01, 0.1), 1.5, 1.6, [], [], []), 0.1, 1.2, 1.5,
            new(champion, challenger, Ref("evidence", $"{round}"), Ref("criteria", "some"), false, new(
                outcome, "Every criterion holds.", null, 620, 620, 400, 200, 20, 5, 2.0 / 3, 0.628, 0.703, 0.95, 1000, 0.01, true,
                [new("win rate", 2.0 / 3, 0.5, CriterionState.Holds, "the win rate is above 0.50, 620 prompts")], new(), [], new Dictionary<string, string>())),
            null, champion, challenger, rewardModel, Ref("preferences", $"{round}"), Ref("evidence", $"{round}"));
        var artifact = await new ArtifactStore(Objects).PutAsync("report", new Dictionary<string, byte[]> { ["report.json"] = CanonicalJson.Serialize(report) }, CancellationToken.None);
        await PutAsync($"names/reward-model/{round:D8}.json", new JsonObject { ["artifact"] = $"{rewardModel}", ["at"] = "2026-03-01T12:00:00+00:00" });
        await PutAsync($"names/policy/{round + 1:D8}.json", new JsonObject { ["artifact"] = $"{challenger}", ["at"] = "2026-03-01T12:00:00+00:00" });
        await MoveAsync("challenger", round, challenger);
        await RecordAsync(round, "ReportRound", new JsonObject { ["campaign"] = Campaign, ["round"] = round, ["challenger"] = $"{challenger}" }, [], new JsonObject { ["report"] = $"{artifact}" });
    }

    public Task MoveAsync(string name, int version, ArtifactRef artifact, string environment = "sandbox") =>
        PutAsync($"aliases/{environment}/{Campaign}/{name}/{version:D6}.json", CanonicalJson.ToObject(new AliasVersion(version, artifact, "a test", Start.AddMinutes(_minute), "i")));

    public async Task<StepRecord> RecordAsync(int round, string step, JsonObject inputs, JsonObject hparams, JsonObject outputs, int lines = 0)
    {
        var started = Start.AddMinutes(_minute++);
        var journal = lines == 0 ? null : await JournalAsync(Lines(started, lines));
        var record = new StepRecord(
            Key($"{step} {round}"), step, 1, "0.1.0", Instance(round), step.ToLowerInvariant(), inputs, hparams, outputs, "Done",
            started, started.AddSeconds(30), 30, 1 << 20, journal);
        await PutAsync($"records/{record.Key}.json", CanonicalJson.ToObject(record));
        return record;
    }

    /// <summary>Two metrics in turn.</summary>
    public static List<MetricLine> Lines(DateTimeOffset start, int lines) =>
        [.. Enumerable.Range(0, lines).Select(i => new MetricLine(i % 2 == 0 ? "objective/kl" : "ppo/policy/clipfrac", i / 2, 0.1 + i, start.AddMilliseconds(i)))];

    async Task<JournalRef> JournalAsync(List<MetricLine> lines)
    {
        var bytes = JsonLines.Serialize(lines);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        await Objects.TryCreateAsync($"journals/{hash}.jsonl", bytes, CancellationToken.None);
        return new(hash, lines.Count);
    }

    public async Task PutAsync(string name, JsonObject content) =>
        Assert.True(await Objects.TryCreateAsync(name, CanonicalJson.Write(content), CancellationToken.None));

    public static string Instance(int round) => $"01955193de00779490d211a796f6000{round.ToString(CultureInfo.InvariantCulture)}";

    public static async Task<Projected> ProjectedAsync(IObjectStore objects, RunEnds? ends = null, TrackingSettings? settings = null) =>
        Projected.Of(await new StoreReader(objects, ends).ReadAsync(TestContext.Current.CancellationToken), settings ?? new());
}
