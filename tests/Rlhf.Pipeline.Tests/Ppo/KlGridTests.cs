using System.Text.Json.Nodes;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Ppo;

/// <summary>A training that stops at values of a KL grid and goes on when it is asked to. Eight updates, whose sequence KLs an undisturbed run tells.</summary>
public sealed class KlGridTests(SmallRound round) : IClassFixture<SmallRound>
{
    const int Updates = 8;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    JsonObject Values(params (string Name, JsonNode? Value)[] more)
    {
        var values = round.Values("TrainPolicy", seed: 3);
        (values["updates"], values["learningRate"], values["rolloutSize"], values["minibatchSize"]) = (Updates, 0.02, 32, 16);
        foreach (var (name, value) in more) values[name] = value?.DeepClone();
        return values;
    }

    /// <summary>A grid of two values that the training reaches at different updates before its last, and those updates.</summary>
    static (string Grid, int[] At) GridOf(IReadOnlyList<double> kls)
    {
        var records = kls.Take(Updates - 1).Index().Where(k => k.Item > 0 && k.Item > kls.Take(k.Index).DefaultIfEmpty(0).Max()).Take(2).ToList();
        Assert.Equal(2, records.Count);
        return (string.Join(',', records.Select(r => CanonicalJson.ToText(JsonValue.Create(r.Item)))), [.. records.Select(r => r.Index + 1)]);
    }

    static async Task<StepResult.Completed> Train(TestRun run, JsonObject values) => Assert.IsType<StepResult.Completed>(await run.Run("TrainPolicy", values));

    async Task<(StepResult.Completed Through, string Grid, int[] At)> Undisturbed(params (string Name, JsonNode? Value)[] more)
    {
        using var run = new TestRun(round.Folder);
        var seen = new Seen();
        var result = await run.Runner.RunAsync("TrainPolicy", Values(more), new("i", "TrainPolicy"), seen, Token);
        var (grid, at) = GridOf(seen.Kls);
        return (Assert.IsType<StepResult.Completed>(result), grid, at);
    }

    [Theory]
    [InlineData(0.0, 0, 0.0)]
    [InlineData(0.5, 0, 0.0)]
    [InlineData(0.0, 2, 0.0)]
    [InlineData(0.0, 0, 0.4)]
    public async Task Stopped_at_each_value_and_gone_on_it_ends_as_if_it_had_gone_through(double ema, int loraRank, double earlyAt)
    {
        (string, JsonNode?)[] more = [("ema", ema), ("loraRank", loraRank), ("earlyAt", earlyAt)];
        var (through, grid, at) = await Undisturbed(more);
        using var run = new TestRun(round.Folder);

        var first = await Train(run, Values([.. more, ("klGrid", grid)]));
        var second = await Train(run, Values([.. more, ("klGrid", grid), ("training", first.Outputs["training"])]));
        var last = await Train(run, Values([.. more, ("klGrid", grid), ("training", second.Outputs["training"])]));

        Assert.Equal(["Checkpoint", "Checkpoint", "Done"], new[] { first, second, last }.Select(r => r.Outcome));
        Assert.Equal([.. at, Updates], new[] { first, second, last }.Select(r => r.Outputs["update"]!.GetValue<int>()));
        Assert.Equal(3, new[] { first, second, last }.Select(r => $"{r.Outputs["policy"]}").Distinct().Count());
        Assert.True(JsonNode.DeepEquals(through.Outputs, last.Outputs), $"{through.Outputs.ToJsonString()} and {last.Outputs.ToJsonString()}");
    }

    [Fact]
    public async Task Killed_between_its_checkpoints_it_ends_the_same()
    {
        var (through, grid, at) = await Undisturbed();
        using var run = new TestRun(round.Folder);
        using var cancel = new CancellationTokenSource();
        var first = await Train(run, Values(("klGrid", grid)));
        var values = Values(("klGrid", grid.Split(',')[0]), ("training", null));
        // With the first value alone it goes through to the end from there; the kill falls between.
        var begun = await Train(run, values);
        values["training"] = begun.Outputs["training"]!.DeepClone();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => run.Runner.RunAsync("TrainPolicy", values, new("i", "TrainPolicy") { Epoch = 1 }, new Seen(at[0] + 1, cancel), cancel.Token));
        var result = Assert.IsType<StepResult.Completed>(await run.Runner.RunAsync("TrainPolicy", values, new("i", "TrainPolicy") { Epoch = 2 }, null, Token));

        Assert.Equal($"{first.Outputs["policy"]}", $"{begun.Outputs["policy"]}");
        Assert.True(JsonNode.DeepEquals(through.Outputs, result.Outputs));
    }

    [Fact]
    public async Task One_rollout_that_passes_several_values_makes_one_stop()
    {
        var (_, grid, at) = await Undisturbed();
        using var run = new TestRun(round.Folder);
        var lowest = double.Parse(grid.Split(',')[0], System.Globalization.CultureInfo.InvariantCulture);

        var first = await Train(run, Values(("klGrid", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{lowest / 4:R},{lowest / 2:R},{lowest:R}"))));
        var last = await Train(run, Values(("klGrid", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{lowest / 4:R},{lowest / 2:R},{lowest:R}")), ("training", first.Outputs["training"])));

        Assert.Equal((at[0], "Done"), (first.Outputs["update"]!.GetValue<int>(), last.Outcome));
    }

    [Fact]
    public async Task A_training_that_starts_far_from_the_reference_policy_stops_where_it_is_as_far_from_its_start()
    {
        using var run = new TestRun(round.Folder);
        var start = (await Train(run, Values())).Outputs["policy"]!;
        var seen = new Seen();
        await run.Runner.RunAsync("TrainPolicy", Values(("policy", start)), new("i", "TrainPolicy"), seen, Token);
        var (above, first) = (seen.Kls.Select(kl => kl - seen.Kls[0]).ToList(), seen.Kls[0]);
        var at = Enumerable.Range(1, Updates - 2).First(i => above[i] > 0);
        Assert.True(first > above[at], $"It starts at {first} nats and reaches {above[at]} above that; the test needs a start beyond the grid.");
        JsonObject Stopping(JsonNode? training) => Values(("policy", start), ("klGrid", CanonicalJson.ToText(JsonValue.Create(above[at]))), ("training", training));

        var stopped = await Train(run, Stopping(null));
        var ended = await Train(run, Stopping(stopped.Outputs["training"]));

        Assert.Equal(("Checkpoint", at + 1), (stopped.Outcome, stopped.Outputs["update"]!.GetValue<int>()));
        Assert.Equal(("Done", Updates), (ended.Outcome, ended.Outputs["update"]!.GetValue<int>()));
    }

    [Theory]
    [InlineData("1000000")]
    [InlineData("none")]
    public async Task A_value_that_is_never_reached_stops_nothing_and_none_neither(string grid)
    {
        var (through, _, _) = await Undisturbed();
        using var run = new TestRun(round.Folder);

        var result = await Train(run, Values(("klGrid", grid)));

        Assert.Equal("Done", result.Outcome);
        Assert.True(JsonNode.DeepEquals(through.Outputs, result.Outputs));
    }

    [Fact]
    public async Task A_training_goes_on_with_what_it_began_with_and_with_nothing_else()
    {
        var (_, grid, _) = await Undisturbed();
        using var run = new TestRun(round.Folder);
        var training = (await Train(run, Values(("klGrid", grid)))).Outputs["training"];

        Assert.Contains("was begun with 'seed' 3, but 4 is given", await run.Fails("TrainPolicy", Values(("klGrid", grid), ("training", training), ("seed", 4))), StringComparison.Ordinal);
        Assert.Contains("was begun with 'klCoefficient' 0.05, but 0.5 is given", await run.Fails("TrainPolicy", Values(("klGrid", grid), ("training", training), ("klCoefficient", 0.5))), StringComparison.Ordinal);
        Assert.Contains("expected a training", await run.Fails("TrainPolicy", Values(("klGrid", grid), ("training", round.Policy))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0,1")]
    [InlineData("2,1")]
    [InlineData("1,1")]
    [InlineData("1,")]
    [InlineData("one")]
    [InlineData("NaN")]
    [InlineData("1,Infinity")]
    public void A_grid_that_does_not_rise_from_above_0_is_refused(string grid) =>
        Assert.Contains($"'klGrid' is '{grid}'; expected numbers above 0", Assert.Throws<ArgumentException>(
            () => RecordBinding.Bind<TrainPolicy.HParams>(new() { ["klGrid"] = grid }, "TrainPolicy, hparams")).Message, StringComparison.Ordinal);

    /// <summary>Keeps the KLs, and stops the training once an update is done.</summary>
    sealed class Seen(int? stopAfter = null, CancellationTokenSource? stop = null) : IStepObserver
    {
        public List<double> Kls { get; } = [];

        public void Progress(string activity, double fraction, string message)
        {
            if (message.StartsWith($"update {stopAfter} of", StringComparison.Ordinal)) stop!.Cancel();
        }

        public void Metrics(string activity, int update, IReadOnlyDictionary<string, double> values) => Kls.Add(values["objective/kl"]);

        public void Notice(string activity, string sentence)
        {
        }
    }
}
