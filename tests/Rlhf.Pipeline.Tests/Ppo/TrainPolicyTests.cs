using System.Text.Json.Nodes;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Ppo;

public sealed class TrainPolicyTests(SmallRound round) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    JsonObject Values(params (string Name, JsonNode Value)[] more)
    {
        var values = round.Values("TrainPolicy", seed: 3);
        foreach (var (name, value) in more) values[name] = value;
        return values;
    }

    static async Task<IReadOnlyList<string>> Files(TestRun run, JsonObject outputs) =>
        [.. (await run.Artifacts.ManifestAsync(ArtifactRef.Parse(outputs["policy"]!.GetValue<string>()), Token)).Files.Select(f => f.Path)];

    [Fact]
    public async Task With_every_knob_turned_a_training_runs_through()
    {
        using var run = new TestRun(round.Folder);
        var texts = await run.Put("text", ("texts.txt", "The cat sat on the mat and looked at the moon.\nA dog ran home.\n"));

        var outputs = await run.Completes("TrainPolicy", Values(
            ("samplesPerPrompt", 2), ("microbatchSize", 2), ("learningRateAnneal", "cosine"), ("warmupUpdates", 1), ("adamBeta1", 0.8), ("adamBeta2", 0.99),
            ("adamEpsilon", 1e-5), ("ema", 0.5), ("klEstimator", "k3"), ("klPlacement", "loss"), ("klControl", "adaptive"), ("klTarget", 1), ("klHorizon", 100),
            ("klStop", 5), ("maxSequenceKl", 50), ("whitening", "minibatch"), ("whiteningVariance", "unbiased"), ("clipRangeHigh", 0.28), ("dualClip", 3),
            ("maxRatio", 10), ("lossAggregation", "fixed"), ("entropyCoefficient", 0.01), ("valueInit", "rewardModel"), ("rewardScaling", true), ("rewardClip", 3),
            ("rewardWhitening", true), ("gradientCheckpointing", true), ("overlongPenalty", 0.5), ("overlongLength", 8), ("overlongBuffer", 2), ("lengthPenalty", 0.01),
            ("ptxCoefficient", 0.1), ("ptxBatchSize", 2), ("texts", $"{texts}")));

        Assert.Contains("value_head.safetensors", await Files(run, outputs));
    }

    [Fact]
    public async Task Without_a_value_function_the_policy_has_no_value_head()
    {
        using var run = new TestRun(round.Folder);

        var outputs = await run.Completes("TrainPolicy", Values(("advantages", "rloo"), ("samplesPerPrompt", 4)));

        Assert.DoesNotContain("value_head.safetensors", await Files(run, outputs));
    }

    [Fact]
    public async Task A_language_modeling_term_without_texts_is_refused_and_texts_without_the_term_too()
    {
        using var run = new TestRun(round.Folder);
        var texts = await run.Put("text", ("texts.txt", "One text.\n"));

        Assert.Contains("'ptxCoefficient' is 0.1, but no 'texts' are given", await run.Fails("TrainPolicy", Values(("ptxCoefficient", 0.1))), StringComparison.Ordinal);
        Assert.Contains("but 'ptxCoefficient' is 0", await run.Fails("TrainPolicy", Values(("texts", $"{texts}"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_training_that_overflows_keeps_its_batch_and_names_it()
    {
        using var run = new TestRun(round.Folder);

        // Weights of 1e30 after the first update: the next rollout's numbers overflow.
        var reason = await run.Fails("TrainPolicy", Values(("learningRate", 1.0), ("adamEpsilon", 1e-12), ("klPlacement", "loss"), ("klEstimator", "k3"), ("klCoefficient", 10), ("logRatioClamp", 0), ("updates", 400), ("epochs", 20), ("maxGradientNorm", 1000)));

        Assert.Contains("expected finite numbers. The batch is kept as batch/", reason, StringComparison.Ordinal);
        var batch = ArtifactRef.Parse(reason[(reason.LastIndexOf(' ') + 1)..^1]);
        var lines = JsonLines.Deserialize<JsonObject>(await run.Artifacts.ReadFileAsync(batch, "batch.jsonl", Token), "batch");
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.NotEmpty(line["tokens"]!.AsArray()));
    }

    [Fact]
    public async Task Trouble_is_passed_on_to_who_watches()
    {
        using var run = new TestRun(round.Folder);
        var watcher = new Watcher();

        await run.Runner.RunAsync("TrainPolicy", Values(("maxNewTokens", 1)), new("i", "TrainPolicy"), watcher, Token);

        Assert.Single(watcher.Notices, n => n.StartsWith("TrainPolicy: Hardly a completion ends", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("klEstimator", "k1", "klPlacement", "loss", "'klEstimator' is k1; expected k2, k3 or abs")]
    [InlineData("klControl", "adaptive", "klCoefficient", 0, "'klCoefficient' is 0; expected above 0")]
    [InlineData("klControl", "adaptive", "klHorizon", 1, "'klHorizon' is 1; expected above a fifth of 'rolloutSize'")]
    [InlineData("advantages", "rloo", "samplesPerPrompt", 1, "'samplesPerPrompt' is 1; expected at least 2 where 'advantages' is rloo")]
    [InlineData("samplesPerPrompt", 3, "rolloutSize", 128, "'samplesPerPrompt' is 3; expected a divisor of 'rolloutSize' (128)")]
    [InlineData("microbatchSize", 5, "minibatchSize", 64, "'microbatchSize' is 5; expected 0 or a divisor of 'minibatchSize' (64)")]
    [InlineData("dualClip", 1, "updates", 40, "'dualClip' is 1; expected 0 or above 1")]
    [InlineData("maxRatio", 0.5, "updates", 40, "'maxRatio' is 0.5; expected 0 or above 1")]
    [InlineData("warmupUpdates", 40, "updates", 40, "'warmupUpdates' is 40; expected fewer than 'updates' (40)")]
    [InlineData("overlongPenalty", 1, "overlongBuffer", 100, "'overlongBuffer' is 100; expected at most 'overlongLength' (64)")]
    [InlineData("overlongPenalty", 1, "maxNewTokens", 48, "'overlongLength' is 64; expected less than")]
    [InlineData("lengthPenalty", 1, "lengthPenaltyFrom", 64, "'lengthPenaltyFrom' is 64; expected fewer than 'maxNewTokens' (64)")]
    [InlineData("ema", 1, "updates", 40, "'ema' is 1; expected 0 to 0.999999")]
    public void Contradictions_are_refused_with_field_value_and_range(string one, object first, string other, object second, string expected)
    {
        var values = new JsonObject { [one] = JsonValue.Create(first), [other] = JsonValue.Create(second) };

        var error = Assert.Throws<ArgumentException>(() => RecordBinding.Bind<TrainPolicy.HParams>(values, "TrainPolicy, hparams"));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("valueInit", "zero", "'valueInit' is zero; expected previous where 'advantages' is group")]
    public void What_needs_a_value_function_is_refused_without_one(string name, object value, string expected)
    {
        var values = new JsonObject { ["advantages"] = "group", ["samplesPerPrompt"] = 2, [name] = JsonValue.Create(value) };

        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => RecordBinding.Bind<TrainPolicy.HParams>(values, "hparams")).Message, StringComparison.Ordinal);
    }
}
