using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Pipeline.Tests.BadInput;

/// <summary>Bad input ends with one sentence that names the thing and what was expected, and nothing half-written is left to see.</summary>
public sealed class BadInputTests : IDisposable
{
    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    async Task<ArtifactRef> ModelFrom(string policy, Action<string> damage)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_run.Folder, "damaged")).FullName;
        await _run.Artifacts.ExportAsync(ArtifactRef.Parse(policy), folder, Token);
        damage(folder);
        return await _run.Artifacts.PutFolderAsync("model", folder, Token);
    }

    [Fact]
    public async Task A_truncated_policy_file_is_named()
    {
        var model = await ModelFrom(await _run.TinyPolicy(), folder =>
        {
            var file = Path.Combine(folder, "model.safetensors");
            File.WriteAllBytes(file, File.ReadAllBytes(file)[..^100]);
        });
        var before = (await _run.Artifacts.ListAsync(Token)).Count;

        var reason = await _run.Fails("PreparePolicy", new() { ["model"] = $"{model}", ["seed"] = 1 });

        Assert.Contains("model.safetensors", reason, StringComparison.Ordinal);
        Assert.Equal(before, (await _run.Artifacts.ListAsync(Token)).Count);
    }

    [Fact]
    public async Task A_tokenizer_that_does_not_match_the_weights_is_refused()
    {
        var model = await ModelFrom(await _run.TinyPolicy(), folder =>
        {
            var file = Path.Combine(folder, "vocab.json");
            File.WriteAllText(file, File.ReadAllText(file).TrimEnd()[..^1] + ",\"onemore\":400}");
        });

        var reason = await _run.Fails("PreparePolicy", new() { ["model"] = $"{model}", ["seed"] = 1 });

        Assert.Contains("400", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backbone_that_forgot_its_language_is_refused_unless_that_is_accepted()
    {
        var model = await ModelFrom(await _run.TinyPolicy(), folder => File.WriteAllText(Path.Combine(folder, "language_loss.json"), """{"before":2.0,"after":2.1,"tokens":9}"""));
        var folder = Directory.CreateDirectory(Path.Combine(_run.Folder, "backbone")).FullName;
        await _run.Artifacts.ExportAsync(model, folder, Token);
        var rewardModel = await _run.Artifacts.PutFolderAsync("reward-model", folder, Token);

        var reason = await _run.Fails("PreparePolicy", new() { ["model"] = $"{rewardModel}", ["seed"] = 1 });
        var accepted = await _run.Completes("PreparePolicy", new() { ["model"] = $"{rewardModel}", ["seed"] = 1, ["acceptForgetting"] = true });

        Assert.Contains("from 2.000 to 2.100 nats a token (+5.0 %)", reason, StringComparison.Ordinal);
        Assert.StartsWith("policy/", accepted["policy"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backbone_whose_forgetting_was_not_measured_is_refused_by_that()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_run.Folder, "backbone")).FullName;
        await _run.Artifacts.ExportAsync(ArtifactRef.Parse(await _run.TinyPolicy()), folder, Token);
        var rewardModel = await _run.Artifacts.PutFolderAsync("reward-model", folder, Token);

        Assert.Contains("was not measured", await _run.Fails("PreparePolicy", new() { ["model"] = $"{rewardModel}", ["seed"] = 1 }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_prompt_file_is_named()
    {
        var text = await _run.Put("text", ("none.txt", "\n"));

        Assert.Contains("'none.txt' holds no prompt", await _run.Fails("PreparePrompts", new() { ["source"] = $"{text}", ["seed"] = 1 }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_named()
    {
        var policy = await _run.TinyPolicy();
        var words = string.Join('\n', Enumerable.Range(0, 20).Select(i => string.Concat(Enumerable.Repeat($"Zyx{i} ", 100))));
        var prompts = await _run.Completes("PreparePrompts", new() { ["source"] = $"{await _run.Put("text", ("long.txt", words))}", ["seed"] = 1 });

        var reason = await _run.Fails("SampleCompletions", new() { ["policy"] = policy, ["prompts"] = $"{prompts["prompts"]}", ["seed"] = 1, ["slots"] = 8 });

        Assert.Contains("context of 96", reason, StringComparison.Ordinal);
        Assert.Contains("Zyx", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_labeler_is_refused_with_those_known()
    {
        var reason = await _run.Fails("CollectJudgements", new() { ["comparisons"] = $"{new ArtifactRef("comparisons", new('a', 64))}", ["labeler"] = "crowd", ["seed"] = 1 });

        Assert.Contains("'crowd'", reason, StringComparison.Ordinal);
        Assert.Contains("simulated", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HParams_that_contradict_each_other_are_refused() =>
        Assert.Contains("'hiddenSize' is 100", await _run.Fails("PreparePolicy", new() { ["seed"] = 1, ["hiddenSize"] = 100, ["heads"] = 6 }), StringComparison.Ordinal);
}
