using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Scoring;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Tests.Scoring;

/// <summary>Several threads of a loop, whose passes are computed side by side.</summary>
[Collection(nameof(WholeProcess))]
public sealed class ScoringLoopTests(ModelOnOneThread model) : IClassFixture<ModelOnOneThread>, IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    readonly ServingMeter _meter = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Passes_side_by_side_give_each_request_its_own_scores()
    {
        using var loop = Loop(new() { TokenBudget = 200 });
        using var together = new Held(_meter, passes: 2);

        // Each text by itself, in company, and with scores at its tokens; so that no two passes are alike.
        int[][] asked = [.. All.Select(i => (int[])[i]), .. All.Chunk(7).Select(c => c.Reverse().ToArray()), All];
        var answers = asked.Select((places, r) => (places, r % 3 == 1, Ask(loop, places, new() { PerToken = r % 3 == 1 }))).ToList();
        await together.Reached();
        together.Release();

        foreach (var (places, perToken, answer) in answers) AreOwn(places, await answer, perToken);
    }

    [Fact]
    public async Task Deterministic_scores_are_bit_for_bit_those_of_all_threads_beside_passes_of_one()
    {
        using var loop = Loop(new());

        var answers = Enumerable.Range(0, 4).SelectMany(r => All.Chunk(1 + 4 * r).Select(places => (places, r % 2 == 0, Ask(loop, places, new() { Deterministic = r % 2 == 0 })))).ToList();

        foreach (var (places, deterministic, answer) in answers)
        {
            if (deterministic) Assert.Equal(places.Select(i => model.InTiles[i]), (await answer).Select(s => s.Score));
            else AreOwn(places, await answer);
        }
    }

    [Fact]
    public async Task Requests_that_are_given_up_end_at_once_are_not_computed_and_change_no_other_score()
    {
        using var computed = new Counted(_meter.Texts);
        using var loop = Loop(new() { TokenBudget = 100 });
        using var together = new Held(_meter, passes: 2);
        using var gone = new CancellationTokenSource();

        var answers = All.Chunk(2).Select((places, r) => (places, Left: r % 3 == 0, Answer: Ask(loop, places, new(), r % 3 == 0 ? gone.Token : Token))).ToList();
        await together.Reached();
        await gone.CancelAsync();
        // While no pass has ended yet.
        foreach (var (_, _, answer) in answers.Where(a => a.Left)) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        together.Release();

        foreach (var (places, _, answer) in answers.Where(a => !a.Left)) AreOwn(places, await answer);
        loop.Dispose();
        Assert.InRange(computed.Sum, answers.Where(a => !a.Left).Sum(a => a.places.Length), All.Length - 1);
    }

    [Fact]
    public async Task At_the_end_passes_that_are_under_way_are_answered_what_waits_is_refused_and_no_thread_is_left()
    {
        using var loop = Loop(new() { TokenBudget = 100 });
        using var together = new Held(_meter, passes: 2);

        var answers = All.Select(i => (Place: i, Answer: Ask(loop, [i], new()))).ToList();
        await together.Reached();
        var end = Task.Run(loop.Dispose, Token);
        // Nothing else ends while the passes are held.
        await Task.WhenAny(answers.Select(a => a.Answer)).WaitAsync(Patience, Token);
        await Task.Delay(50, Token);
        Assert.False(end.IsCompleted, "The end does not wait for the passes.");
        together.Release();
        await end.WaitAsync(Patience, Token);

        var refused = 0;
        foreach (var (place, answer) in answers)
        {
            try
            {
                AreOwn([place], await answer);
            }
            catch (ScoringRefusedException e)
            {
                Assert.Equal(ScoringRefusal.Stopping, e.Reason);
                refused++;
            }
        }
        Assert.InRange(refused, 1, answers.Count - 2);
        Assert.All(together.Threads, t => Assert.False(t.IsAlive));
        Assert.Equal(ScoringRefusal.Stopping, (await Assert.ThrowsAsync<ScoringRefusedException>(() => Ask(loop, [0], new()))).Reason);
    }

    [Fact]
    public async Task A_pass_that_throws_fails_its_own_requests_and_its_thread_goes_on()
    {
        using var loop = Loop(new() { Batches = false });
        var unknown = new ScoredText([1, 5, model.Model.Members[0].Tokenizer.VocabularySize + 1000, 2], 1);

        var answers = All.Select(i => (Place: i, Fails: i % 3 == 0, Answer: Ask(loop, i % 3 == 0 ? [model.Texts[i], unknown] : [model.Texts[i]], new()))).ToList();
        foreach (var (place, fails, answer) in answers)
        {
            if (fails) await Assert.ThrowsAsync<ExternalException>(() => answer);
            else AreOwn([place], await answer);
        }

        // On as many threads as before.
        using var together = new Held(_meter, passes: 2);
        var later = All.Select(i => Ask(loop, [i], new())).ToList();
        await together.Reached();
        together.Release();
        foreach (var (place, answer) in later.Index()) AreOwn([place], await answer);
    }

    public void Dispose() => _meter.Dispose();

    int[] All => [.. Enumerable.Range(0, model.Texts.Count)];

    ScoringLoop Loop(ServingOptions options)
    {
        Assert.SkipUnless(ServingOptions.MostPassThreads > 1, "One core has no passes side by side.");
        return new(model.Model, options with { LongestDelay = TimeSpan.Zero }, TimeProvider.System, _meter);
    }

    Task<IReadOnlyList<TextScore>> Ask(ScoringLoop loop, IEnumerable<int> places, How how, CancellationToken? token = null) => Ask(loop, [.. places.Select(i => model.Texts[i])], how, token);

    static async Task<IReadOnlyList<TextScore>> Ask(ScoringLoop loop, IReadOnlyList<ScoredText> texts, How how, CancellationToken? token = null)
    {
        var pending = new PendingScores(texts.Count, Patience, TimeProvider.System);
        loop.Enqueue(pending, texts, new("", []) { Deterministic = how.Deterministic, PerToken = how.PerToken });
        return await pending.WaitAsync(token ?? Token);
    }

    void AreOwn(IReadOnlyList<int> places, IReadOnlyList<TextScore> scores, bool perToken = false)
    {
        Assert.Equal(places.Count, scores.Count);
        foreach (var (place, score) in places.Zip(scores))
        {
            var own = model.Alone[place];
            Assert.Equal(own.Score, score.Score, 1e-5f);
            Assert.Equal((own.Tokens, own.CompletionTokens), (score.Tokens, score.CompletionTokens));
            if (perToken) Assert.All(own.TokenScores!.Zip(score.TokenScores!), s => Assert.Equal(s.First, s.Second, 1e-5f));
            else Assert.Null(score.TokenScores);
        }
    }

    readonly record struct How(bool Deterministic, bool PerToken);

    /// <summary>Holds every pass between its computation and its answers, until it is released.</summary>
    sealed class Held : IDisposable
    {
        readonly ManualResetEventSlim _goes = new();
        readonly CountdownEvent _reached;
        readonly Counted _passes;

        public Held(ServingMeter meter, int passes) => (_reached, _passes) = (new(passes), new(meter.Passes, Hold));

        public ConcurrentBag<Thread> Threads { get; } = [];

        /// <summary>Waits until so many passes are held at the same time.</summary>
        public async Task Reached() => Assert.True(await Task.Run(() => _reached.Wait(Patience, Token), Token), $"{_reached.InitialCount - _reached.CurrentCount} of {_reached.InitialCount} passes were computed side by side.");

        public void Release() => _goes.Set();

        public void Dispose()
        {
            _goes.Set();
            _passes.Dispose();
        }

        void Hold()
        {
            if (_goes.IsSet) return;
            Threads.Add(Thread.CurrentThread);
            if (!_reached.IsSet) _reached.Signal();
            _goes.Wait(Patience);
        }
    }
}
