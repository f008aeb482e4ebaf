using System.Text.Json.Nodes;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Simulation.Stories;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Running;

public sealed class CancelledShortStepsTests : IDisposable
{
    readonly CancellationTokenSource _cancel = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _cancel.Dispose();

    [Theory]
    [InlineData("PreparePolicy", "texts", 1000)]
    [InlineData("PreparePrompts", "count", 1000)]
    public async Task Texts_are_made_up_to_the_cancel_and_no_further(string step, string setting, int count)
    {
        var stories = new CancellingStories(_cancel, after: 10);
        using var run = new TestRun(stories: stories);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => run.Runner.RunAsync(step, new() { ["seed"] = 1, [setting] = count }, new("i", step), null, _cancel.Token));

        Assert.InRange(stories.Made, 10, 11);
        Assert.Empty(await new StepRecords(run.Objects).ListAsync(Token));
    }

    sealed class CancellingStories(CancellationTokenSource cancel, int after) : ISyntheticText
    {
        public int Made { get; private set; }

        public IEnumerable<string> Texts(long seed, int count) => Counted(new StoryGrammar().Texts(seed, count));

        public IEnumerable<string> Prompts(long seed, int count) => Counted(new StoryGrammar().Prompts(seed, count));

        IEnumerable<string> Counted(IEnumerable<string> texts) => texts.Select(text =>
        {
            if (++Made == after) cancel.Cancel();
            return text;
        });
    }
}

/// <summary>Wherever the cancel falls, between any two operations on the store, the step ends cancelled and without a record.</summary>
public sealed class CancelledAnywhereTests(SmallRound round) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_evaluation_of_a_reward_model_is_cancelled_wherever_it_is()
    {
        using var run = new TestRun(round.Folder);
        var values = round.Values("EvaluateRewardModel", seed: 1);

        var operations = 0;
        while (await Cancelled(run, "EvaluateRewardModel", values, ++operations))
            Assert.DoesNotContain(await new StepRecords(run.Objects).ListAsync(Token), r => r.Step == "EvaluateRewardModel");

        Assert.True(operations > 10, $"it ended after {operations} operations");
    }

    static async Task<bool> Cancelled(TestRun run, string step, JsonObject values, int after)
    {
        using var cancel = new CancellationTokenSource();
        var objects = new CancellingStore(run.Objects, cancel, after);
        var runner = new StepRunner(PipelineSteps.All, objects, TimeProvider.System, new Dictionary<string, object>(), TimeSpan.Zero);
        try
        {
            await runner.RunAsync(step, values, new("i", step), null, cancel.Token);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    sealed class CancellingStore(IObjectStore inner, CancellationTokenSource cancel, int after) : IObjectStore
    {
        int _operations;

        public Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken) => Counted(() => inner.TryCreateAsync(name, content, cancellationToken));

        public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken) => Counted(() => inner.OpenAsync(name, cancellationToken));

        public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken) => Counted(() => inner.EntriesAsync(prefix, cancellationToken));

        public Task DeleteAsync(string name, CancellationToken cancellationToken) => inner.DeleteAsync(name, cancellationToken);

        public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken) => inner.TryDeleteAsync(seen, cancellationToken);

        Task<T> Counted<T>(Func<Task<T>> operation)
        {
            if (++_operations == after) cancel.Cancel();
            return operation();
        }
    }
}
