using System.Text.Json.Nodes;
using Rlhf.Learning.Models;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Pipeline.Tests.Ppo;

public sealed class AdapterTests(SmallRound round) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    JsonObject Values(params (string Name, JsonNode Value)[] more)
    {
        var values = round.Values("TrainPolicy", seed: 3);
        foreach (var (name, value) in more) values[name] = value;
        return values;
    }

    [Fact]
    public async Task A_policy_trained_by_an_adapter_keeps_its_weights_file_and_goes_on_from_its_adapter()
    {
        using var run = new TestRun(round.Folder);
        var start = ArtifactRef.Parse($"{Values()["policy"]}");

        var trained = ArtifactRef.Parse($"{(await run.Completes("TrainPolicy", Values(("loraRank", 4))))["policy"]}");
        var again = ArtifactRef.Parse($"{(await run.Completes("TrainPolicy", Values(("loraRank", 4), ("policy", $"{trained}"))))["policy"]}");

        Assert.Equal(await Hash(run, start, "model.safetensors"), await Hash(run, trained, "model.safetensors"));
        Assert.Equal(await Hash(run, start, "model.safetensors"), await Hash(run, again, "model.safetensors"));
        Assert.NotEqual(await Hash(run, trained, "adapter/adapter_model.safetensors"), await Hash(run, again, "adapter/adapter_model.safetensors"));
    }

    [Fact]
    public async Task An_adapter_of_another_shape_is_refused()
    {
        using var run = new TestRun(round.Folder);
        var trained = $"{(await run.Completes("TrainPolicy", Values(("loraRank", 2), ("loraTargets", "q_proj,v_proj"))))["policy"]}";

        Assert.Contains("The policy has an adapter of rank 2, alpha 16 on q_proj,v_proj, but 'loraRank' is 0", await run.Fails("TrainPolicy", Values(("policy", trained))), StringComparison.Ordinal);
        Assert.Contains("it updates 'k'; expected q_proj", await run.Fails("TrainPolicy", Values(("loraRank", 2), ("loraTargets", "k"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reward_model_begins_with_the_adapter_merged()
    {
        using var run = new TestRun(round.Folder);
        var trained = ArtifactRef.Parse($"{(await run.Completes("TrainPolicy", Values(("loraRank", 4))))["policy"]}");
        var values = round.Values("TrainRewardModel", seed: 3);
        values["backbone"] = $"{trained}";

        var rewardModel = ArtifactRef.Parse($"{(await run.Completes("TrainRewardModel", values))["rewardModel"]}");

        Assert.DoesNotContain((await run.Artifacts.ManifestAsync(rewardModel, Token)).Files, f => f.Path.StartsWith("adapter/", StringComparison.Ordinal));
        using var policy = await run.Artifacts.LoadPolicyAsync(trained, trainable: false, Token);
        using var merged = policy.Model.Merge();
        using var backbone = await run.Artifacts.LoadPolicyAsync(rewardModel, trainable: false, Token);
        var (fromMerged, fromBase) = (Distance(backbone.Model, merged), Distance(backbone.Model, policy.Model));
        Assert.True(fromMerged < fromBase, $"{fromMerged} from the merged weights, {fromBase} from those below the adapter");
    }

    static double Distance(DecoderModel a, DecoderModel b) =>
        a.Parameters.Flat.data<float>().ToArray().Zip(b.Parameters.Flat.data<float>().ToArray(), (x, y) => ((double)x - y) * (x - y)).Sum();

    static async Task<string> Hash(TestRun run, ArtifactRef artifact, string file) =>
        (await run.Artifacts.ManifestAsync(artifact, Token)).Files.Single(f => f.Path == file).Sha256;
}
