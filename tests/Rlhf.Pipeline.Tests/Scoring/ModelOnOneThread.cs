using Rlhf.Learning.Native;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Rewards;
using Rlhf.Pipeline.Scoring;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Tests.Scoring;

/// <summary>Tests that change how many threads libtorch takes, for the whole process, run alone.</summary>
[CollectionDefinition(nameof(WholeProcess), DisableParallelization = true)]
public sealed class WholeProcess;

/// <summary>A reward model whose passes take one thread each, and what it gives texts by itself, one by one and with all threads.</summary>
public sealed class ModelOnOneThread : IAsyncLifetime
{
    readonly SmallRound _round = new();

    internal LoadedRewardModel Model { get; private set; } = null!;

    /// <summary>Texts of 9 lengths.</summary>
    internal IReadOnlyList<ScoredText> Texts { get; private set; } = [];

    /// <summary>Of each text alone, with scores at its tokens.</summary>
    internal IReadOnlyList<TextScore> Alone { get; private set; } = [];

    /// <summary>Of each text in a pass of fixed shape.</summary>
    internal IReadOnlyList<float> InTiles { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        await _round.InitializeAsync();
        using var run = new TestRun(_round.Folder);
        var artifact = ArtifactRef.Parse(_round.RewardModel);
        var member = Assert.Single(await run.Artifacts.LoadRewardModelsAsync(artifact, CancellationToken.None));
        Texts = [.. Enumerable.Range(0, 90).Select(i => member.Encode($"Prompt {i} says", string.Concat(Enumerable.Repeat(" a cat and a dog", 1 + i % 9))))];
        InTiles = member.ScoreInTiles(Texts, CancellationToken.None);
        var (ends, everywhere) = (Texts.Select(t => ScoringPass.Ends(member, [t.Tokens])[0]).ToList(), Texts.Select(t => ScoringPass.Everywhere(member, [t.Tokens])[0]).ToList());
        // Only now: a thread that computes for the first time from here on takes one thread as well.
        Model = new(artifact, [member], passThreads: 1, TimeProvider.System);
        Alone = [.. Texts.Select((t, i) => Model.ScoreOf(t, [ends[i]], [everywhere[i]]))];
    }

    public async ValueTask DisposeAsync()
    {
        Model.Dispose();
        // The last number that any thread sets is what new ones take.
        TorchThreads.Use(1);
        TorchThreads.Use(TorchThreads.All);
        await _round.DisposeAsync();
    }
}
