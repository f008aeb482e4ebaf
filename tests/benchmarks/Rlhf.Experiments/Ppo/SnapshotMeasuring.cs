using Rlhf.Benchmarks;
using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Simulation.Gold;
using Rlhf.Simulation.Labelers;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Experiments.Ppo;

/// <summary>KL, proxy, gold and judgements of a policy on held-out prompts, two completions each, and gold of two others.</summary>
/// <param name="prompts">How many held-out prompts.</param>
sealed class SnapshotMeasuring(World world, Base given, ArtifactRef rewardModel, int prompts)
{
    const int Batch = 100;

    readonly SimulatedLabelers _labelers = new(TimeProvider.System);

    public async Task<Measured> MeasureAsync(Snapshot snapshot)
    {
        var texts = (await world.Artifacts.ReadPromptsAsync(ArtifactRef.Parse(given.Prompts), default)).ToDictionary(p => p.Id);
        var completions = await CompletionsAsync(snapshot.Policy, 2000);
        double[] kl = await KlAsync(snapshot.Policy, completions, texts);
        return new(
            snapshot.Update, kl.Average(), Math.Sqrt(kl.Sum(k => (k - kl.Average()) * (k - kl.Average())) / (kl.Length - 1) / kl.Length),
            await ScoresAsync(completions, texts), [.. completions.Select(Gold)], [.. (await CompletionsAsync(snapshot.Policy, 3000)).Select(Gold)],
            snapshot.Update == 0 ? [] : await JudgedAsync(completions, texts));

        double Gold(Completion completion) => GoldPreference.Score(texts[completion.PromptId].Turns, completion.Text);
    }

    /// <summary>Two of each held-out prompt, the same prompts for every policy.</summary>
    async Task<List<Completion>> CompletionsAsync(ArtifactRef policy, long stream)
    {
        var sampled = await world.RunAsync(
            "SampleCompletions", "completions", ("policy", $"{policy}"), ("prompts", given.Prompts), ("seed", given.Seed + stream), ("trainPrompts", 1), ("heldOutPrompts", prompts));
        var texts = (await world.Artifacts.ReadPromptsAsync(ArtifactRef.Parse(given.Prompts), default)).ToDictionary(p => p.Id);
        return [.. (await world.Artifacts.ReadLinesAsync<Completion>(ArtifactRef.Parse(sampled), "completions.jsonl", default)).Where(c => texts[c.PromptId].HeldOut)];
    }

    /// <summary>Of each completion the log-probability by its policy less that by the starting one, in nats.</summary>
    async Task<double[]> KlAsync(ArtifactRef artifact, List<Completion> completions, Dictionary<string, Prompt> texts)
    {
        if ($"{artifact}" == given.Policy) return new double[completions.Count];
        using var policy = await world.Artifacts.LoadPolicyAsync(artifact, trainable: false, default);
        using var reference = await world.Artifacts.LoadPolicyAsync(ArtifactRef.Parse(given.Policy), trainable: false, default);
        var encode = new EvaluationTexts(policy);
        return [.. completions.Select(c => encode.Encode(texts[c.PromptId], c, "policy")).Chunk(Batch).SelectMany(batch =>
            TextLikelihood.Logprobs(policy.Model, batch, policy.Tokenizer.PadId).Zip(TextLikelihood.Logprobs(reference.Model, batch, policy.Tokenizer.PadId), (own, other) => own - other))];
    }

    async Task<double[]> ScoresAsync(List<Completion> completions, Dictionary<string, Prompt> texts)
    {
        var members = await world.Artifacts.LoadRewardModelsAsync(rewardModel, default);
        try
        {
            List<ScoredText> encoded = [.. completions.Select(c => members[0].Encode(texts[c.PromptId].Turns.Chat(), c.Text))];
            return [.. members[0].Score(encoded, Batch, default).Select(s => (double)s)];
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }

    async Task<double[]> JudgedAsync(List<Completion> completions, Dictionary<string, Prompt> texts)
    {
        var starting = (await CompletionsAsync(ArtifactRef.Parse(given.Policy), 2000)).Where(c => c.Sample == 0).ToDictionary(c => c.PromptId);
        List<Question> questions = [.. completions.Where(c => c.Sample == 0)
            .Select(c => new Question($"{c.Source}/{c.PromptId}", texts[c.PromptId].Turns, c.Text, starting[c.PromptId].Text, "preference"))];
        LabelingRequest request = new("overoptimization", questions, 1, given.Seed, new() { ["simulatedLateShare"] = 0.0 });
        await _labelers.AskAsync(request, default);
        var judgements = (await _labelers.CollectAsync(request, TimeProvider.System.GetUtcNow(), default)).Judgements;
        return [.. judgements.Select(j => (1 + j.StrengthOf(Side.A) / 3.0) / 2)];
    }
}
