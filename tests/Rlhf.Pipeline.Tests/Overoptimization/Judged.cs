using System.Text.Json.Nodes;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Overoptimization;

/// <summary>The way from samples to points that the monitor and the probe have in common.</summary>
static class Judged
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Has a step's comparisons judged; the inputs of the step that makes points of samples and judgements.</summary>
    public static async Task<JsonObject> JudgedAsync(this TestRun run, JsonObject sampled, params (string Name, JsonNode? Value)[] more)
    {
        var judgements = await run.Completes("CollectJudgements", new()
        {
            ["comparisons"] = sampled["comparisons"]!.DeepClone(),
            ["labeler"] = "simulated",
            ["seed"] = 1,
            ["simulatedLateShare"] = 0.0,
        }, instance: $"{sampled["comparisons"]}");
        return new JsonObject
        {
            ["samples"] = sampled["samples"]!.DeepClone(),
            ["comparisons"] = sampled["comparisons"]!.DeepClone(),
            ["judgements"] = judgements["judgements"]!.DeepClone(),
            ["resamples"] = 40,
        }.With(more);
    }

    /// <summary>These values, set anew or besides.</summary>
    public static JsonObject With(this JsonObject values, params (string Name, JsonNode? Value)[] more)
    {
        foreach (var (name, value) in more) values[name] = value?.DeepClone();
        return values;
    }

    public static Task<OveroptimizationReport> ReportAsync(this TestRun run, JsonObject outputs) =>
        run.Artifacts.ReadJsonAsync<OveroptimizationReport>(ArtifactRef.Parse($"{outputs["overoptimization"]}"), OveroptimizationReport.File, Token);

    /// <summary>Stops a sampling step at a progress, and lets it go on: it must end with what an undisturbed one gives.</summary>
    public static async Task AssertGoesOnAsync(TestRun undisturbed, TestRun stopped, string step, JsonObject values, int stopAt)
    {
        using var cancel = new CancellationTokenSource();
        var expected = await undisturbed.Completes(step, values);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped.Runner.RunAsync(step, values, new("i", step) { Epoch = 1 }, new StopAt(stopAt, cancel), cancel.Token));
        var result = await stopped.Runner.RunAsync(step, values, new("i", step) { Epoch = 2 }, null, Token);

        Assert.True(JsonNode.DeepEquals(expected, Assert.IsType<StepResult.Completed>(result).Outputs));
    }
}
