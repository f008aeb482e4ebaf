using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Jobs;
using Rlhf.Steps.Running;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Jobs;

/// <summary>Jobs in a store, and the workers that take them.</summary>
public sealed class StepJobTests : IDisposable
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    readonly string _folder = Directory.CreateTempSubdirectory("rlhf-jobs-").FullName;

    FolderObjectStore Objects => new(_folder);

    StoredStepJobs Jobs => new(Objects);

    static StepJob Job(int dispatch = 0) => new("Multiply", 1, "cpu", new() { ["number"] = 21 }, "instance", "multiply", dispatch);

    [Fact]
    public async Task A_job_left_twice_is_one_and_its_answer_is_found_again_after_it_was_acknowledged()
    {
        await Jobs.SubmitAsync(Job(), Token);
        await Jobs.SubmitAsync(Job() with { Values = [] }, Token);
        Assert.Equal(21, Assert.Single((await Jobs.FindAsync(Job().Id, Token))!.Values).Value!.GetValue<int>());
        await Jobs.AnswerAsync(Job().Id, new StepAnswer(AnswerKind.Failed) { Reason = "first" }, Token);
        Assert.False(await Jobs.AnswerAsync(Job().Id, new StepAnswer(AnswerKind.Failed) { Reason = "second" }, Token));

        await Jobs.AcknowledgeAsync(Job().Id, Token);
        Assert.Empty(await Jobs.OpenAsync(Token));
        await Jobs.SubmitAsync(Job(), Token);

        Assert.True(Assert.Single(await Jobs.OpenAsync(Token)).IsAnswered);
        Assert.Equal("first", (await Jobs.AnswerAsync(Job().Id, Token))!.Reason);
    }

    [Fact]
    public void Another_dispatch_is_another_job_and_the_same_one_has_the_same_id_everywhere()
    {
        Assert.NotEqual(Job(0).Id, Job(1).Id);
        Assert.Equal(Job().Id, (Job() with { Values = [], State = [] }).Id);
    }

    [Fact]
    public async Task A_worker_runs_what_is_due_and_what_was_woken()
    {
        await Jobs.SubmitAsync(Job(), Token);
        await Jobs.SubmitAsync(Job(1) with { NotBefore = TimeProvider.System.GetUtcNow().AddDays(1) }, Token);
        await Jobs.SubmitAsync(Job(2) with { NotBefore = TimeProvider.System.GetUtcNow().AddDays(1) }, Token);
        Assert.True(await Jobs.WakeAsync(Job(2).Id, Token));
        Assert.False(await Jobs.WakeAsync(Job(2).Id, Token));

        await WorkUntilAsync((_, _, _) => Task.FromResult(Some.Step.Done(42)), open => open.Count(j => j.IsAnswered) == 2);

        Assert.Equal(42, (await Jobs.AnswerAsync(Job().Id, Token))!.Outputs!["product"]!.GetValue<long>());
        Assert.Null(await Jobs.AnswerAsync(Job(1).Id, Token));
    }

    [Fact]
    public async Task A_job_that_waits_runs_when_an_event_of_its_own_has_happened_that_the_engine_does_not_hear_of()
    {
        var far = TimeProvider.System.GetUtcNow().AddDays(1);
        await Jobs.SubmitAsync(Job() with { NotBefore = far, Events = ["others", "came"] }, Token);
        await Jobs.SubmitAsync(Job(1) with { NotBefore = far, Events = ["others"] }, Token);

        await WorkUntilAsync((_, _, _) => Task.FromResult(Some.Step.Done(42)), open => open.Any(j => j.IsAnswered), (name, _) => Task.FromResult(name == "came"));

        Assert.NotNull(await Jobs.AnswerAsync(Job().Id, Token));
        Assert.Null(await Jobs.AnswerAsync(Job(1).Id, Token));
    }

    [Fact]
    public async Task Whoever_is_asked_for_an_event_and_says_nothing_keeps_no_other_job_waiting()
    {
        await Jobs.SubmitAsync(Job() with { NotBefore = TimeProvider.System.GetUtcNow().AddDays(1), Events = ["came"] }, Token);
        using ManualResetEventSlim asked = new(), never = new();
        var other = Task.Run(async () =>
        {
            asked.Wait(Token);
            await Jobs.SubmitAsync(Job(1), Token);
        }, Token);

        await WorkUntilAsync((_, _, _) => Task.FromResult(Some.Step.Done(42)), open => open.Any(j => j.IsAnswered), (_, stop) =>
        {
            asked.Set();
            never.Wait(stop);
            return Task.FromResult(true);
        });

        await other;
        Assert.NotNull(await Jobs.AnswerAsync(Job(1).Id, Token));
        Assert.Null(await Jobs.AnswerAsync(Job().Id, Token));
    }

    [Fact]
    public async Task A_worker_that_fell_silent_loses_its_job_to_the_next_one_under_the_next_epoch()
    {
        await Jobs.SubmitAsync(Job(), Token);
        Assert.True(await Jobs.ClaimAsync(Job().Id, 0, "a worker that was killed", Token));
        var epoch = -1;

        await WorkUntilAsync((_, _, context) =>
        {
            epoch = context.Execution.Epoch;
            return Task.FromResult(Some.Step.Done(42));
        }, open => open.Single().IsAnswered);

        Assert.Equal(1, epoch);
        Assert.False(await Jobs.BeatAsync(Job().Id, 0, "a worker that was killed", Token));
    }

    [Fact]
    public async Task A_cancelled_job_stops_the_step_and_leaves_nothing()
    {
        await Jobs.SubmitAsync(Job(), Token);
        var (began, stopped) = (new TaskCompletionSource(), new TaskCompletionSource());
        using var stop = new CancellationTokenSource();
        var work = Worker(async (cancellation) =>
        {
            began.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation).ContinueWith(_ => stopped.SetResult(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            cancellation.ThrowIfCancellationRequested();
            return Some.Step.Done(1);
        }).RunAsync(TimeSpan.FromSeconds(1), stop.Token);
        await began.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);

        await Jobs.CancelAsync(Job().Id, Token);

        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);
        await stop.CancelAsync();
        await work;
        Assert.Empty(await Jobs.OpenAsync(Token));
        Assert.Null(await Jobs.AnswerAsync(Job().Id, Token));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(200)]
    public async Task A_beat_and_the_end_of_a_job_ask_the_store_as_often_however_many_jobs_are_open(int open)
    {
        var counting = new CountingStore(new MemoryObjectStore());
        var jobs = new StoredStepJobs(counting);
        for (var i = 0; i < open; i++) await jobs.SubmitAsync(Job(i), Token);
        await jobs.ClaimAsync(Job().Id, 0, "worker", Token);

        var beat = await counting.DuringAsync(async () => Assert.True(await jobs.BeatAsync(Job().Id, 0, "worker", Token)));
        await jobs.AnswerAsync(Job().Id, new StepAnswer(AnswerKind.Failed) { Reason = "over" }, Token);
        var end = await counting.DuringAsync(() => jobs.AcknowledgeAsync(Job().Id, Token));

        Assert.Equal((4, 0), beat);
        Assert.Equal((9, 0), end);
        Assert.Equal(open - 1, (await jobs.OpenAsync(Token)).Count);
    }

    [Fact]
    public async Task An_ended_job_leaves_no_object_behind_whoever_had_it_and_also_where_a_beat_came_between()
    {
        await Jobs.SubmitAsync(Job(), Token);
        await Jobs.ClaimAsync(Job().Id, 0, "first", Token);
        await Jobs.ReleaseAsync(Job().Id, 0, Token);
        await Jobs.ClaimAsync(Job().Id, 1, "second", Token);
        await Jobs.WakeAsync(Job().Id, Token);

        await Jobs.CancelAsync(Job().Id, Token);
        Assert.Empty(await Jobs.EntriesAsync(Token));
        // What a beat does that has looked before the end and renews after it.
        await Jobs.ClaimAsync(Job().Id, 1, "second", Token);
        Assert.False(await Jobs.BeatAsync(Job().Id, 1, "second", Token));

        Assert.Empty(await Jobs.EntriesAsync(Token));
    }

    async Task WorkUntilAsync(Func<Some.Inputs, Some.HParams, StepContext, Task<StepResult>> run, Func<IReadOnlyList<OpenJob>, bool> done, Func<string, CancellationToken, Task<bool>>? happened = null)
    {
        using var stop = new CancellationTokenSource();
        var work = Worker(new Some.Step(StepKind.Effectful, run), happened).RunAsync(TimeSpan.FromSeconds(1), stop.Token);
        for (var i = 0; i < 600 && !done(await Jobs.OpenAsync(Token)); i++) await Task.Delay(100, Token);
        await stop.CancelAsync();
        await work;
        Assert.True(done(await Jobs.OpenAsync(Token)));
    }

    StepJobWorker Worker(IStep step, Func<string, CancellationToken, Task<bool>>? happened = null) => new(
        Jobs, new StepRunner([step], Objects, TimeProvider.System, new Dictionary<string, object>(), TimeSpan.Zero), TimeProvider.System,
        new Dictionary<string, int> { ["cpu"] = 2 }, TimeSpan.FromSeconds(2), null, _ => { }, happened);

    StepJobWorker Worker(Func<CancellationToken, Task<StepResult>> run) => Worker(new Cancellable(run));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A step that sees the cancellation.</summary>
    sealed class Cancellable(Func<CancellationToken, Task<StepResult>> run) : Step<Some.Inputs, Some.HParams, Some.Outputs>
    {
        public override StepDescription Description { get; } = new("Multiply", 1, StepKind.Effectful, typeof(Some.Inputs), typeof(Some.HParams), typeof(Some.Outputs), "Multiplies.");

        protected override Task<StepResult> RunAsync(Some.Inputs inputs, Some.HParams hparams, StepContext context, CancellationToken cancellationToken) => run(cancellationToken);
    }
}
