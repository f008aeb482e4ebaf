using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Adapters.Tests.Mlflow.Projection;

/// <summary>
/// A training of six updates with two metrics each and a checkpoint after every second one, run by the product's own runner. Every update takes a
/// second, so that what is computed again has other times.
/// </summary>
sealed class TrainingStep : Step<TrainingStep.Inputs, TrainingStep.HParams, TrainingStep.Outputs>
{
    public const int Updates = 6;

    readonly FakeTimeProvider _time;
    readonly int _killedAfter;
    readonly Func<int, Task>? _at;

    TrainingStep(FakeTimeProvider time, int killedAfter, Func<int, Task>? at) => (_time, _killedAfter, _at) = (time, killedAfter, at);

    public sealed record Inputs(string Policy, long Seed);

    public sealed record HParams(double ClipRange = 0.2)
    {
        public HParams() : this(0.2) { }
    }

    public sealed record Outputs(long Done);

    public override StepDescription Description { get; } = new("TrainPolicy", 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs), "Trains.");

    /// <summary>Runs it until it is killed after an update, or to its end.</summary>
    /// <param name="objects">Where its checkpoints are.</param>
    /// <param name="time">Goes on with each update.</param>
    /// <param name="epoch">Of this dispatch.</param>
    /// <param name="killedAfter">The last update that is computed; none for the end.</param>
    /// <param name="instance">Who runs it.</param>
    /// <param name="at">Called after each update, before its checkpoint.</param>
    public static async Task RunAsync(
        IObjectStore objects, FakeTimeProvider time, int epoch = 0, int killedAfter = Updates, string? instance = null, Func<int, Task>? at = null)
    {
        var runner = new StepRunner([new TrainingStep(time, killedAfter, at)], objects, time, new Dictionary<string, object>(), TimeSpan.Zero);
        var values = new JsonObject { ["policy"] = $"{SomeStore.Sft}", ["seed"] = 7 };
        var run = runner.RunAsync("TrainPolicy", values, new(instance ?? SomeStore.Instance(1), "trainpolicy") { Epoch = epoch }, null, TestContext.Current.CancellationToken);
        if (killedAfter < Updates) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        else Assert.IsType<StepResult.Completed>(await run);
    }

    protected override async Task<StepResult> RunAsync(Inputs inputs, HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var checkpoint = await context.Checkpoints.LoadAsync(cancellationToken);
        for (var n = (checkpoint?.Number ?? 0) + 1; n <= Updates; n++)
        {
            if (n > _killedAfter) throw new OperationCanceledException("killed");
            _time.Advance(TimeSpan.FromSeconds(1));
            context.Journal.Log(n, new Dictionary<string, double> { ["objective/kl"] = n * 0.1, ["ppo/policy/clipfrac"] = n * 0.01 });
            if (_at is not null) await _at(n);
            if (n % 2 == 0 && n < Updates)
                await context.Checkpoints.SaveAsync(n, new Dictionary<string, byte[]> { ["n"] = Encoding.ASCII.GetBytes(n.ToString(CultureInfo.InvariantCulture)) }, cancellationToken);
        }
        return Completed(new(Updates));
    }
}
