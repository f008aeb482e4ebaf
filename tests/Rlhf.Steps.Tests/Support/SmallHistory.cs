using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Tests.Support;

/// <summary>A store with the records of a short history: prompts, judgements, a reward model, a policy, and a second round's policy.</summary>
sealed class SmallHistory(IObjectStore objects)
{
    static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    int _records;

    public ArtifactRef Prompts { get; private set; } = null!;
    public ArtifactRef Judgements { get; private set; } = null!;
    public ArtifactRef Pairs { get; private set; } = null!;
    public ArtifactRef RewardModel { get; private set; } = null!;
    public ArtifactRef Policy { get; private set; } = null!;
    public ArtifactRef SecondPolicy { get; private set; } = null!;

    public static async Task<SmallHistory> MakeAsync(IObjectStore objects, CancellationToken cancellationToken)
    {
        var history = new SmallHistory(objects);
        history.Prompts = await history.PutAsync("prompts", cancellationToken);
        history.Judgements = await history.StepAsync("CollectJudgements", "judgements", cancellationToken, ("prompts", history.Prompts));
        history.Pairs = await history.StepAsync("BuildPreferences", "preferences", cancellationToken, ("judgements", history.Judgements));
        history.RewardModel = await history.StepAsync("TrainRewardModel", "reward-model", cancellationToken, ("preferences", history.Pairs));
        history.Policy = await history.StepAsync("TrainPolicy", "policy", cancellationToken, ("rewardModel", history.RewardModel), ("prompts", history.Prompts));
        await history.CommitAsync("StartRound", new() { ["sft"] = $"{history.Prompts}" }, new() { ["champion"] = $"{history.Policy}" }, cancellationToken);
        history.SecondPolicy = await history.StepAsync("TrainPolicy", "policy", cancellationToken, ("champion", history.Policy));
        return history;
    }

    public Task<ArtifactRef> PutAsync(string kind, CancellationToken cancellationToken) =>
        new ArtifactStore(objects).PutAsync(kind, Some.Files(("a.txt", $"{kind} {_records}")), cancellationToken);

    public async Task<ArtifactRef> StepAsync(string step, string kind, CancellationToken cancellationToken, params (string Name, ArtifactRef Artifact)[] inputs)
    {
        var output = await PutAsync(kind, cancellationToken);
        await CommitAsync(step, new([.. inputs.Select(i => new KeyValuePair<string, JsonNode?>(i.Name, i.Artifact.ToString()))]), new() { ["output"] = $"{output}" }, cancellationToken);
        return output;
    }

    async Task CommitAsync(string step, JsonObject inputs, JsonObject outputs, CancellationToken cancellationToken)
    {
        var at = Begin.AddMinutes(_records++);
        var key = _records.ToString("x64", System.Globalization.CultureInfo.InvariantCulture);
        await new StepRecords(objects).CommitAsync(new(key, step, 1, "1.0", "instance", step, inputs, [], outputs, "Done", at, at.AddSeconds(1), 1, 1, null), cancellationToken);
    }
}
