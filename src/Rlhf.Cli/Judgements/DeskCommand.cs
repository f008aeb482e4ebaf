using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Steps.Labeling;

namespace Rlhf.Cli.Judgements;

/// <summary><c>rlhf judgements export | answer</c>: questions that wait for people, by file.</summary>
static class DeskCommand
{
    public static async Task<int> ExportAsync(Workspace workspace, string file, string? labeler, bool json, CancellationToken cancellationToken)
    {
        var questions = await DeskFile.ExportAsync(workspace.Runtime.Desk, file, labeler, cancellationToken);
        Output.Write(json, new JsonObject { ["questions"] = questions, ["file"] = questions > 0 ? file : null }, () => Console.Out.WriteLine(
            questions > 0 ? $"{questions} open questions are in {file}; rlhf judgements answer takes them with labeler and choice."
            : $"No question is open in {workspace.Place}{(labeler is null ? "" : $" for {labeler}")}; no file was written."));
        return ExitCodes.Done;
    }

    public static async Task<int> AnswerAsync(Workspace workspace, string file, bool json, CancellationToken cancellationToken)
    {
        var receipt = await DeskFile.AnswerAsync(workspace.Runtime.Desk, file, cancellationToken);
        var open = (await workspace.Runtime.Desk.OpenAsync(labeler: null, cancellationToken)).Count;
        var document = new JsonObject
        {
            ["taken"] = receipt.Taken,
            ["repeated"] = receipt.Repeated,
            ["selfRepeated"] = receipt.SelfRepeated,
            ["surplus"] = receipt.Surplus,
            ["open"] = open,
        };
        Output.Write(json, document, () =>
        {
            Console.Out.WriteLine($"{receipt.Taken} answers taken, {receipt.Repeated} had been given before; {open} questions are still open.");
            if (receipt.SelfRepeated > 0) Console.Out.WriteLine($"{receipt.SelfRepeated} are a labeler's second of an item: kept, but the first one counts.");
            if (receipt.Surplus > 0) Console.Out.WriteLine($"{receipt.Surplus} are of questions that were answered often enough: kept, but they do not count.");
            if (open == 0) Console.Out.WriteLine("What waited goes on where a process drives the store (rlhf serve), or with the command that waited, given again.");
        });
        return ExitCodes.Done;
    }
}
