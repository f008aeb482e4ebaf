using System.Text.Json.Nodes;
using Rlhf.Pipeline.Sampling;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Tests.Comparisons;

public sealed class SourceMixTests(SmallRound small) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static readonly List<Prompt> Prompts = [.. Enumerable.Range(0, 2000).Select(i => new Prompt($"p{i}", Turn.User("x"), HeldOut: false, "s"))];

    [Fact]
    public void Each_source_gets_its_share_and_the_first_completion_is_always_the_policys()
    {
        var mix = new SourceMix(new SampleCompletions.HParams() with { SamplesPerPrompt = 3, SftShare = 0.1, BestOfShare = 0.2, RandomShare = 0.3 }, seed: 1);

        var wanted = mix.Of(Prompts, _ => true);

        Assert.All(wanted.Where(w => w.Sample == 0), w => Assert.Equal(Origin.Policy, w.Origin));
        var others = wanted.Where(w => w.Sample > 0).ToLookup(w => w.Origin);
        Assert.All(new[] { (Origin.Sft, 0.1), (Origin.BestOf, 0.2), (Origin.Random, 0.3), (Origin.Policy, 0.4) }, e => Assert.Equal(e.Item2, others[e.Item1].Count() / 4000.0, 0.03));
        Assert.Equal(wanted, mix.Of(Prompts, _ => true));
    }

    [Fact]
    public void What_comes_from_a_source_that_is_not_there_the_policy_writes()
    {
        var mix = new SourceMix(new SampleCompletions.HParams() with { SftShare = 1 }, seed: 1);

        Assert.All(mix.Of(Prompts, origin => origin != Origin.Sft), w => Assert.Equal(Origin.Policy, w.Origin));
    }

    [Fact]
    public async Task A_source_that_is_not_there_yet_is_said()
    {
        using var run = new TestRun(small.Folder);
        var values = small.Values("SampleCompletions", seed: 8);
        (values["sftShare"], values["bestOfShare"]) = (0.2, 0.2);

        var completions = await Completions(run, values);

        Assert.All(completions, c => Assert.Null(c.Origin));
        Assert.Equal(["'sftShare'", "'bestOfShare'"], run.Said.Notices.Select(n => n.Split(' ')[1]));
    }

    [Fact]
    public void A_random_completion_is_never_of_the_same_prompt_and_needs_another()
    {
        var mix = new SourceMix(new SampleCompletions.HParams() with { RandomShare = 1 }, seed: 1);
        var firsts = Prompts.Take(3).Select(p => new Completion(p.Id, 0, $"of {p.Id}", true, 5, Some.Policy('a'))).ToList();

        for (var i = 0; i < 3; i++)
            for (var sample = 1; sample < 50; sample++)
                Assert.NotEqual($"of p{i}", mix.Make(new(Prompts[i], sample, Origin.Random), [], [], firsts).Text);
        Assert.Throws<InvalidDataException>(() => mix.Make(new(Prompts[0], 1, Origin.Random), [], [], firsts[..1]));
    }

    [Fact]
    public void The_best_of_several_is_what_scores_highest_and_the_adversarial_one_what_deceives()
    {
        var mix = new SourceMix(new SampleCompletions.HParams() with { AdversarialShare = 1 }, seed: 1);
        var sampled = Enumerable.Range(0, 4).Select(i => new Completion("p", i, $"text {i}", true, Tokens: 10 + i, Some.Policy('a')) { MeanLogprob = i == 2 ? -5 : -1 }).ToList();
        double[] scores = [0.5, 1.0, 0.9, 0.1];

        Completion Made(Origin origin, int prompt) => mix.Make(new(Prompts[prompt], 1, origin), sampled, scores, []);

        Assert.Equal(("text 1", "bestOf", "p0", 1), (Made(Origin.BestOf, 0).Text, Made(Origin.BestOf, 0).Origin, Made(Origin.BestOf, 0).PromptId, Made(Origin.BestOf, 0).Sample));
        var adversarial = Enumerable.Range(0, 200).Select(i => Made(Origin.Adversarial, i).Text).ToLookup(t => t);
        Assert.Equal(["text 0", "text 2", "text 3"], adversarial.Select(g => g.Key).Order()); // shortest, unlikely for its score, longest
        Assert.InRange(adversarial["text 2"].Count(), 70, 130);
    }

    [Fact]
    public void Shares_that_are_more_than_everything_are_refused() =>
        Assert.Contains("expected at most 1", (new SampleCompletions.HParams() with { SftShare = 0.6, RandomShare = 0.5 }).Validate(), StringComparison.Ordinal);

    [Fact]
    public async Task A_mix_of_all_sources_is_sampled_and_says_of_each_completion_where_it_came_from()
    {
        using var run = new TestRun(small.Folder);
        var values = small.Values("SampleCompletions", seed: 7);
        foreach (var (name, value) in new JsonObject
        {
            ["sft"] = small.Policy,
            ["rewardModel"] = small.RewardModel,
            ["samplesPerPrompt"] = 4,
            ["sftShare"] = 0.2,
            ["bestOfShare"] = 0.2,
            ["bestOf"] = 3,
            ["randomShare"] = 0.2,
            ["adversarialShare"] = 0.2,
        }) values[name] = value?.DeepClone();

        var mixed = await Completions(run, values);
        var plain = await Completions(run, small.Values("SampleCompletions", seed: 7));

        Assert.Equal(4 * 32, mixed.Count);
        Assert.Equal([null, "adversarial", "bestOf", "random", "sft"], mixed.Select(c => c.Origin).Distinct().Order());
        Assert.All(mixed.GroupBy(c => c.PromptId), g => Assert.Equal([0, 1, 2, 3], g.Select(c => c.Sample)));
        Assert.All(mixed, c => Assert.Null(c.MeanLogprob));
        // A random one is word for word another prompt's first completion.
        var firsts = mixed.Where(c => c.Sample == 0).ToList();
        Assert.All(mixed.Where(c => c.Origin == "random"), c => Assert.Contains(firsts, f => f.Text == c.Text && f.PromptId != c.PromptId));
        // The mix changes nothing of what the policy writes.
        Assert.All(firsts, f => Assert.Contains(plain, p => p.PromptId == f.PromptId && p.Sample == 0 && p.Text == f.Text));
        Assert.All(plain, c => Assert.Null(c.Origin));
    }

    static async Task<List<Completion>> Completions(TestRun run, JsonObject values) => await run.Artifacts.ReadLinesAsync<Completion>(
        ArtifactRef.Parse($"{(await run.Completes("SampleCompletions", values))["completions"]}"), "completions.jsonl", Token);
}
