using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Runtime.Labeling;
using Rlhf.Steps.Json;
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

    public static async Task<int> GoldAsync(Workspace workspace, string file, bool json, CancellationToken cancellationToken)
    {
        var content = JudgementFile.Read(file, cancellationToken);
        if (content.Lines.Count == 0) throw new ArgumentException($"'{file}' has no judgement; expected at least one question whose answer is known.");
        if (content.Lines.GroupBy(l => l.Item).FirstOrDefault(g => g.Skip(1).Any()) is { } several)
            throw JudgementFile.Wrong(content.Name, several.Last().Line, $"item '{several.Key}' has another answer in line {several.First().Line}; expected one known answer of each item.");
        var gold = content.Lines.Select(l => (new Question(l.Item, l.Prompt!, l.CompletionA!, l.CompletionB!, l.Axis), l.Choice)).ToList();
        var questions = await workspace.Runtime.Queue.SetGoldAsync(gold, cancellationToken);
        var axes = gold.Select(g => g.Item1.Axis).Distinct().Order(StringComparer.Ordinal).ToList();
        Output.Write(json, new JsonObject { ["questions"] = questions, ["axes"] = new JsonArray([.. axes.Select(a => JsonValue.Create(a))]) }, () =>
            Console.Out.WriteLine($"{questions} questions with a known answer on {string.Join(", ", axes)}; labelers get them where 'goldShare' of CollectJudgements is above 0."));
        return ExitCodes.Done;
    }

    public static async Task<int> LabelersAsync(Workspace workspace, bool json, CancellationToken cancellationToken)
    {
        var desk = await workspace.Runtime.Queue.SummaryAsync(cancellationToken);
        Output.Write(json, CanonicalJson.ToNode(desk)!, () =>
        {
            Console.Out.WriteLine($"{desk.Open} questions are open, {desk.Held} in labelers' hands, {desk.Disputed} disputed; {desk.LastHour} answers in the last hour, {desk.LastDay} in the last day.");
            foreach (var axis in desk.Agreement) Console.Out.WriteLine($"  {axis.Axis}: {(axis.Pairs == 0 ? "no question has two judgements" : $"{(double)axis.Same / axis.Pairs:P1} of {axis.Pairs} pairs of judgements say the same side")}");
            foreach (var version in desk.Versions)
                Console.Out.WriteLine($"  {version.Axis}, guidelines {version.Version} since {version.FirstUsed:yyyy-MM-dd HH:mm} UTC: {version.Judgements} judgements, {(version.Pairs == 0 ? "no question has two" : $"{(double)version.Same / version.Pairs:P1} of {version.Pairs} pairs say the same side")}");
            foreach (var labeler in desk.Labelers)
            {
                var checks = desk.Checks.FirstOrDefault(c => c.Labeler == labeler.Labeler);
                Console.Out.WriteLine($"  {labeler.Labeler}: {labeler.Answered} answers, known answers right {Share(checks?.GoldRight, checks?.Gold)}, same again {Share(checks?.RepeatedSame, checks?.Repeated)}, last {labeler.Last:yyyy-MM-dd HH:mm} UTC{Qualified(desk, labeler.Labeler)}");
            }
        });
        return ExitCodes.Done;
    }

    static string Qualified(DeskSummary desk, string labeler) => string.Concat(desk.Qualifications.Where(q => q.Labeler == labeler)
        .Select(q => $", {(q.IsQualified ? "qualified" : "not qualified")} for {q.Axis} {q.Version} (tries: {q.Tries})"));

    static string Share(int? part, int? whole) => whole is null or 0 ? "–" : $"{part} of {whole}";
}
