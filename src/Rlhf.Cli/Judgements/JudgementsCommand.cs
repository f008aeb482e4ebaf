using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Pipeline.Imports;

namespace Rlhf.Cli.Judgements;

/// <summary><c>rlhf judgements import FILE</c>: pairs or judgements from elsewhere as prompts, comparisons and judgements.</summary>
static class JudgementsCommand
{
    public const string ChosenRejected = "chosen-rejected", Judgements = "judgements";

    public static async Task<int> ImportAsync(
        Workspace workspace, string file, string format, string? name, string? labeler, string? axis, bool json, CancellationToken cancellationToken)
    {
        if (format == Judgements && labeler is not null)
            throw new ArgumentException($"--labeler is '{labeler}', but every line of --format {Judgements} names its own; expected no --labeler.");
        if (name is not null) await workspace.Names.HistoryAsync(name, cancellationToken); // a name that is none is said before anything is stored
        var imported = format == Judgements
            ? await JudgementImport.RunAsync(workspace.Artifacts, file, axis, cancellationToken)
            : await JudgementImport.RunAsync(workspace.Artifacts, file, labeler ?? Path.GetFileName(file), axis ?? "helpfulness", cancellationToken);
        var named = name is null ? null : await NameAsync(workspace, name, imported, cancellationToken);
        var counts = imported.Counts;
        var document = new JsonObject
        {
            ["prompts"] = imported.Prompts.ToString(),
            ["comparisons"] = imported.Comparisons.ToString(),
            ["judgements"] = imported.Judgements.ToString(),
            ["file"] = imported.File.ToString(),
            ["name"] = named,
            ["pairs"] = imported.Pairs,
            ["dropped"] = new JsonObject { ["identical"] = counts.Identical, ["unpaired"] = counts.Unpaired, ["repeated"] = counts.Repeated },
            ["promptCount"] = counts.Prompts,
            ["heldOut"] = counts.HeldOut,
            ["mostTurns"] = counts.MostTurns,
            ["selfRepeated"] = counts.SelfRepeated,
        };
        Output.Write(json, document, () =>
        {
            Console.Out.WriteLine($"{imported.Prompts}\n{imported.Comparisons}\n{imported.Judgements}{(named is null ? "" : $" is {named}")}");
            Console.Out.WriteLine(
                $"{imported.Pairs} {(format == Judgements ? "judgements" : "pairs")}; dropped {counts.Identical} with identical sides, "
                + $"{counts.Unpaired} whose sides answer different turns, {counts.Repeated} said before{(counts.SelfRepeated > 0 ? $"; {counts.SelfRepeated} are a labeler's second of an item" : "")}");
            Console.Out.WriteLine($"{counts.Prompts} prompts of up to {counts.MostTurns} turns, {counts.HeldOut} of them held out");
        });
        return ExitCodes.Done;
    }

    // Only the judgements have the name, so what they say something about has to be pinned to stay with them.
    static async Task<string> NameAsync(Workspace workspace, string name, ImportedJudgements imported, CancellationToken cancellationToken)
    {
        var version = await workspace.Names.AddAsync(name, imported.Judgements, cancellationToken);
        var named = $"{name}@{version.Version}";
        foreach (var artifact in new[] { imported.File, imported.Prompts, imported.Comparisons })
            await workspace.Pins.AddAsync(artifact, $"imported with {named}", cancellationToken);
        return named;
    }
}
