using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Prompts;

sealed class PreparePromptsStep : Step<PreparePrompts.Inputs, PreparePrompts.HParams, PreparePrompts.Outputs>
{
    public override StepDescription Description => PreparePrompts.Description;

    protected override async Task<StepResult> RunAsync(
        PreparePrompts.Inputs inputs, PreparePrompts.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        if (inputs.Source is { Kind: "prompts" } ready)
        {
            await context.Artifacts.ManifestAsync(ready, cancellationToken);
            return Completed(new(ready));
        }
        var (texts, source) = inputs.Source is null
            ? (Generate(context, inputs.Seed, hparams.Count, cancellationToken), "generated")
            : await ReadAsync(context.Artifacts, inputs.Source, hparams.Take, cancellationToken);
        var prompts = texts.Until(cancellationToken)
            .Select(turns => new Prompt(PromptText.Id(turns), turns, PromptText.HoldOutPosition(turns) < hparams.HeldOutShare, source))
            .DistinctBy(p => p.Id).ToList();
        var heldOut = prompts.Count(p => p.HeldOut);
        if (heldOut == 0 || heldOut == prompts.Count)
            throw new InvalidDataException($"Of {prompts.Count} prompts {heldOut} are held out; expected some to train on and some held out: add prompts or change 'heldOutShare' ({hparams.HeldOutShare}).");
        var artifact = await context.Artifacts.PutAsync(
            "prompts", new Dictionary<string, byte[]> { ["prompts.jsonl"] = JsonLines.Serialize(prompts) }, cancellationToken);
        return Completed(new(artifact));
    }

    static List<IReadOnlyList<Turn>> Generate(StepContext context, long seed, int count, CancellationToken cancellationToken) =>
        [.. context.Service<ISyntheticText>("stories").Prompts(Seeds.Derive(seed, "prompts"), count).Until(cancellationToken).Select(p => Turn.User(PromptText.Normalize(p)))];

    static async Task<(List<IReadOnlyList<Turn>> Texts, string Source)> ReadAsync(
        ArtifactStore artifacts, ArtifactRef source, PromptTake take, CancellationToken cancellationToken)
    {
        var file = (await artifacts.ManifestAsync(source, cancellationToken)).Files[0].Path;
        return (PromptFile.Read(file, await artifacts.ReadFileAsync(source, file, cancellationToken), take), file);
    }
}
