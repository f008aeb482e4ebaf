using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Cli.Progress;
using Rlhf.Cli.Stores;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Workflows;

/// <summary><c>rlhf steps list | run</c>: one step, alone.</summary>
static class StepsCommand
{
    public static int List(Workspace workspace, bool json)
    {
        var steps = workspace.Runner.Steps;
        Output.Write(json, new JsonArray([.. steps.Select(Describe)]), () =>
        {
            foreach (var step in steps) Console.Out.WriteLine($"{step.Name,-24}{step.Kind,-11}{step.Description}");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> RunAsync(Workspace workspace, string step, FileInfo input, bool json, CancellationToken cancellationToken)
    {
        workspace.Runner.Describe(step);
        if (!input.Exists) throw new ArgumentException($"There is no file '{input}'; expected a JSON object of inputs and hparams.");
        JsonObject values;
        try
        {
            values = JsonNode.Parse(await File.ReadAllTextAsync(input.FullName, cancellationToken)) as JsonObject ?? throw new ArgumentException($"'{input}' is no JSON object of inputs and hparams.");
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"'{input}' is no JSON: {e.Message}", e);
        }
        // The same file is the same run: an effectful step asked for twice is done once.
        var execution = new StepExecution($"steps-run-{CanonicalJson.Hash(values)[..12]}", step);
        while (true)
        {
            StepResult result;
            using (var progress = IRunProgress.Create(json)) result = await workspace.Runner.RunAsync(step, values, execution, progress, cancellationToken);
            switch (result)
            {
                case StepResult.Completed completed:
                    Console.Out.WriteLine(CanonicalJson.ToText(new JsonObject { ["outcome"] = completed.Outcome, ["cached"] = completed.Cached, ["outputs"] = completed.Outputs.DeepClone() }));
                    return ExitCodes.Done;
                case StepResult.Failed failed:
                    throw new InvalidOperationException($"{step} failed: {failed.Reason}");
                case StepResult.Waiting waiting:
                    Console.Error.WriteLine($"{step} waits until {waiting.Deadline:u}: {waiting.Reason}");
                    // Answers take days, and are brought by other commands.
                    if (waiting.Events.Any(e => e.StartsWith(DeskLabeler.EventPrefix, StringComparison.Ordinal)))
                    {
                        Console.Error.WriteLine("rlhf judgements export writes the questions, rlhf judgements answer takes the answers; then the same command again goes on.");
                        return ExitCodes.WaitingForPeople;
                    }
                    if (waiting.Events.Any(e => e.StartsWith(LabelingTools.EventPrefix, StringComparison.Ordinal)))
                    {
                        Console.Error.WriteLine("The same command again looks there and goes on.");
                        return ExitCodes.WaitingForPeople;
                    }
                    var left = waiting.Deadline - TimeProvider.System.GetUtcNow();
                    if (left > TimeSpan.Zero) await Task.Delay(left, TimeProvider.System, cancellationToken);
                    execution = execution with { State = waiting.State };
                    break;
            }
        }
    }

    static JsonNode Describe(StepDescription step) => new JsonObject
    {
        ["name"] = step.Name,
        ["version"] = step.Version,
        ["kind"] = step.Kind.ToString(),
        ["description"] = step.Description,
        ["inputs"] = Fields(step.Inputs),
        ["hparams"] = Fields(step.HParams),
        ["outputs"] = Fields(step.Outputs),
        ["outcomes"] = new JsonArray([.. step.Outcomes.Select(o => (JsonNode)o)]),
    };

    static JsonArray Fields(IReadOnlyList<StepField> fields) => new([.. fields.Select(f => new JsonObject
    {
        ["name"] = f.Name, ["type"] = f.IsArtifact ? "ArtifactRef" : f.TypeName, ["required"] = f.Required,
        ["default"] = f.Default is null ? null : JsonValue.Create(f.Default.ToString()), ["minimum"] = f.Minimum, ["maximum"] = f.Maximum, ["description"] = f.Description,
    })]);
}
