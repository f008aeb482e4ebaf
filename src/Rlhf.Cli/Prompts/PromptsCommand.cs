using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Workflows;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Prompts;

/// <summary><c>rlhf prompts add FILE</c>: a file as a versioned prompt set.</summary>
static class PromptsCommand
{
    public static async Task<int> AddAsync(Workspace workspace, string file, string? take, bool json, CancellationToken cancellationToken)
    {
        var values = new JsonObject { ["source"] = (await workspace.PromptsAsync(file, cancellationToken)).ToString(), ["seed"] = 0 };
        if (take is not null) values["take"] = take;
        var result = await workspace.Runner.RunAsync(PreparePrompts.Description.Name, values, new("prompts-add", file), null, cancellationToken);
        if (result is not StepResult.Completed completed) throw new InvalidDataException(((StepResult.Failed)result).Reason);

        var artifact = ArtifactRef.Parse(completed.Outputs["prompts"]!.GetValue<string>());
        var prompts = await workspace.Artifacts.ReadLinesAsync<Prompt>(artifact, "prompts.jsonl", cancellationToken);
        var heldOut = prompts.Count(p => p.HeldOut);
        var name = await workspace.Names.AddAsync("prompts", artifact, cancellationToken);
        Output.Write(json, new JsonObject { ["prompts"] = artifact.ToString(), ["name"] = $"prompts@{name.Version}", ["count"] = prompts.Count, ["heldOut"] = heldOut }, () =>
            Console.Out.WriteLine($"prompts@{name.Version}  {artifact}  {prompts.Count} prompts, {heldOut} of them held out"));
        return ExitCodes.Done;
    }
}
