using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Stores;

/// <summary>How <c>rlhf artifacts lineage</c> shows a graph.</summary>
enum LineageFormat { Text, Mermaid }

/// <summary><c>rlhf artifacts lineage</c>: what an artifact was made from, and what was made from it.</summary>
static class LineageCommand
{
    public static async Task<int> RunAsync(
        Workspace workspace, string? reference, string? judgement, LineageFormat format, bool json, CancellationToken cancellationToken)
    {
        var starts = (reference, judgement) switch
        {
            ({ } text, null) => [await workspace.References.ResolveAsync(text, cancellationToken)],
            (null, { } comparison) => await WithJudgementAsync(workspace, comparison, cancellationToken),
            _ => throw new ArgumentException("Expected an artifact, or --judgement and the id of a comparison."),
        };
        var lineage = await Lineage.ReadAsync(workspace.Objects, cancellationToken);
        foreach (var start in starts) await workspace.Artifacts.ManifestAsync(start, cancellationToken); // says so where there is none
        var (up, down) = (judgement is null ? lineage.Upstream(starts) : [], lineage.Downstream(starts));
        var document = new JsonObject
        {
            ["artifacts"] = new JsonArray([.. starts.Select(s => (JsonNode)s.ToString())]),
            ["madeFrom"] = new JsonArray([.. up.Select(ToJson)]),
            ["madeOfIt"] = new JsonArray([.. down.Select(ToJson)]),
        };
        Output.Write(json, document, () => Console.Out.WriteLine(format == LineageFormat.Mermaid ? Mermaid(starts, up, down) : Text(starts, up, down)));
        return ExitCodes.Done;
    }

    /// <summary>The judgement sets that hold an answer to a comparison.</summary>
    static async Task<ArtifactRef[]> WithJudgementAsync(Workspace workspace, string comparison, CancellationToken cancellationToken)
    {
        var sets = new List<ArtifactRef>();
        foreach (var set in (await workspace.Artifacts.ListAsync(cancellationToken)).Where(a => a.Kind == "judgements"))
        {
            if ((await workspace.Artifacts.ReadLinesAsync<Judgement>(set, "judgements.jsonl", cancellationToken)).Any(j => j.ComparisonId == comparison)) sets.Add(set);
        }
        return sets.Count > 0 ? [.. sets] : throw new ArgumentException($"No judgement in this store answers a comparison '{comparison}'.");
    }

    static JsonObject ToJson(LineageStep step) => new()
    {
        ["step"] = step.Record.Step,
        ["stepVersion"] = step.Record.StepVersion,
        ["productVersion"] = step.Record.ProductVersion,
        ["key"] = step.Record.Key,
        ["instance"] = step.Record.Instance,
        ["activity"] = step.Record.Activity,
        ["finishedAt"] = CanonicalJson.ToNode(step.Record.FinishedAt),
        ["inputs"] = step.Record.Inputs.DeepClone(),
        ["hparams"] = step.Record.Hparams.DeepClone(),
        ["from"] = new JsonArray([.. step.From.Select(a => (JsonNode)a.ToString())]),
        ["to"] = new JsonArray([.. step.To.Select(a => (JsonNode)a.ToString())]),
    };

    static string Text(IReadOnlyList<ArtifactRef> starts, IReadOnlyList<LineageStep> up, IReadOnlyList<LineageStep> down)
    {
        var text = new StringBuilder().AppendJoin('\n', starts).AppendLine();
        Append(text, up, "imported: no step of this store made it", "made from, the nearest first:");
        Append(text, down, "nothing was made of it", "made of it, the nearest first:");
        return text.ToString().TrimEnd();
    }

    static void Append(StringBuilder text, IReadOnlyList<LineageStep> steps, string none, string some)
    {
        text.AppendLine(steps.Count == 0 ? none : some);
        foreach (var step in steps)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {Title(step.Record)}  {step.Record.FinishedAt:yyyy-MM-dd HH:mm} UTC, instance {step.Record.Instance}");
            foreach (var (field, value) in step.Record.Inputs.Where(i => ArtifactRefs.In(i.Value!.ToString()).Any()))
                text.AppendLine(CultureInfo.InvariantCulture, $"    {field} = {ArtifactRef.Parse(value!.ToString()).Short}");
            foreach (var artifact in step.To) text.AppendLine(CultureInfo.InvariantCulture, $"    → {artifact.Short}");
        }
    }

    static string Title(StepRecord record) =>
        $"{record.Step} {record.StepVersion}{(record.Inputs["seed"] is { } seed ? $", seed {seed}" : "")}, product {record.ProductVersion.Split('+')[0]}";

    static string Mermaid(IReadOnlyList<ArtifactRef> starts, IReadOnlyList<LineageStep> up, IReadOnlyList<LineageStep> down)
    {
        var (nodes, arrows, ids) = (new StringBuilder(), new StringBuilder(), new Dictionary<string, string>());
        foreach (var start in starts)
        {
            var node = Node(start);
            arrows.AppendLine(CultureInfo.InvariantCulture, $"  style {node} stroke-width:3px");
        }
        foreach (var step in up.Concat(down).GroupBy(s => s.Record.Key))
        {
            var record = step.First().Record;
            var id = Id(record.Key, $"[\"{record.Step} {record.StepVersion}\"]");
            foreach (var from in step.SelectMany(s => s.From).Distinct().Select(Node)) arrows.AppendLine(CultureInfo.InvariantCulture, $"  {from} --> {id}");
            foreach (var to in step.SelectMany(s => s.To).Distinct().Select(Node)) arrows.AppendLine(CultureInfo.InvariantCulture, $"  {id} --> {to}");
        }
        return $"flowchart LR\n{nodes}{arrows}".TrimEnd();

        string Node(ArtifactRef artifact) => Id(artifact.ToString(), $"([\"{artifact.Short}\"])");

        string Id(string thing, string shape)
        {
            if (ids.TryGetValue(thing, out var known)) return known;
            ids[thing] = $"n{ids.Count}";
            nodes.AppendLine(CultureInfo.InvariantCulture, $"  {ids[thing]}{shape}");
            return ids[thing];
        }
    }
}
