using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Cli.Stores;

/// <summary><c>rlhf artifacts list | show | verify | export</c>.</summary>
static class ArtifactsCommand
{
    public static async Task<int> ListAsync(Workspace workspace, bool json, CancellationToken cancellationToken)
    {
        var artifacts = await workspace.Artifacts.ListAsync(cancellationToken);
        var rows = new List<JsonObject>();
        foreach (var artifact in artifacts)
        {
            var manifest = await workspace.Artifacts.ManifestAsync(artifact, cancellationToken);
            rows.Add(new() { ["artifact"] = artifact.ToString(), ["files"] = manifest.Files.Count, ["bytes"] = manifest.Files.Sum(f => f.Size) });
        }
        Output.Write(json, new JsonArray([.. rows]), () =>
        {
            foreach (var row in rows) Console.Out.WriteLine($"{row["artifact"]}  {row["files"],4} files  {row["bytes"],12:N0} bytes");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> ShowAsync(Workspace workspace, string reference, bool json, CancellationToken cancellationToken)
    {
        var artifact = ArtifactRef.Parse(reference);
        var manifest = await workspace.Artifacts.ManifestAsync(artifact, cancellationToken);
        var records = (await new Steps.Running.StepRecords(workspace.Objects).ListAsync(cancellationToken))
            .Where(r => r.Outputs.Any(o => o.Value?.ToString() == reference)).ToList();
        var made = new JsonArray([.. records.Select(CanonicalJson.ToObject)]);
        Output.Write(json, new JsonObject { ["artifact"] = reference, ["manifest"] = CanonicalJson.ToObject(manifest), ["madeBy"] = made }, () =>
        {
            foreach (var file in manifest.Files) Console.Out.WriteLine($"{file.Sha256[..12]}  {file.Size,12:N0}  {file.Path}");
            foreach (var record in records)
                Console.Out.WriteLine($"made by {record.Step} {record.StepVersion} in {record.Seconds:0.0} s ({record.FinishedAt:u}, instance {record.Instance}) from {CanonicalJson.ToText(record.Inputs)}");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> VerifyAsync(Workspace workspace, string? reference, bool json, CancellationToken cancellationToken)
    {
        var artifacts = reference is null ? await workspace.Artifacts.ListAsync(cancellationToken) : [ArtifactRef.Parse(reference)];
        var problems = new List<string>();
        foreach (var artifact in artifacts) problems.AddRange(await workspace.Artifacts.VerifyAsync(artifact, cancellationToken));
        Output.Write(json, new JsonObject { ["artifacts"] = artifacts.Count, ["problems"] = new JsonArray([.. problems.Select(p => (JsonNode)p)]) }, () =>
        {
            foreach (var problem in problems) Console.Out.WriteLine(problem);
            Console.Out.WriteLine($"{artifacts.Count} artifacts read, {problems.Count} problems.");
        });
        return problems.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }

    public static async Task<int> ExportAsync(Workspace workspace, string reference, string folder, bool json, CancellationToken cancellationToken)
    {
        await workspace.Artifacts.ExportAsync(ArtifactRef.Parse(reference), folder, cancellationToken);
        Output.Write(json, new JsonObject { ["artifact"] = reference, ["folder"] = Path.GetFullPath(folder) }, () =>
            Console.Error.WriteLine($"{reference} written to {Path.GetFullPath(folder)}."));
        return ExitCodes.Done;
    }
}
