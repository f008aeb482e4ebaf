using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Stores;

/// <summary><c>rlhf artifacts list | names | show | verify | diff | export | import</c>.</summary>
static class ArtifactsCommand
{
    public static async Task<int> ListAsync(Workspace workspace, string? kind, bool json, CancellationToken cancellationToken)
    {
        var rows = new List<JsonObject>();
        foreach (var artifact in (await workspace.Artifacts.ListAsync(cancellationToken)).Where(a => kind is null || a.Kind == kind))
        {
            var manifest = await workspace.Artifacts.ManifestAsync(artifact, cancellationToken);
            rows.Add(new() { ["artifact"] = artifact.ToString(), ["files"] = manifest.Files.Count, ["bytes"] = manifest.Files.Sum(f => f.Size) });
        }
        Output.Write(json, new JsonArray([.. rows]), () =>
        {
            foreach (var row in rows) Console.Out.WriteLine($"{row["artifact"]}  {row["files"],4} files  {row["bytes"],12:N0} bytes");
            if (rows.Count == 0) Console.Error.WriteLine(kind is null ? "No artifacts." : $"No artifacts of the kind '{kind}'.");
        });
        return ExitCodes.Done;
    }

    /// <summary>What people can write instead of a hash.</summary>
    public static async Task<int> NamesAsync(Workspace workspace, bool json, CancellationToken cancellationToken)
    {
        var rows = new List<(string Name, ArtifactRef Artifact, DateTimeOffset At)>();
        foreach (var name in await workspace.Names.ListAsync(cancellationToken))
            rows.AddRange((await workspace.Names.HistoryAsync(name, cancellationToken)).Select(v => ($"{name}@{v.Version}", v.Artifact, v.At)));
        foreach (var name in await workspace.Aliases.ListAsync(cancellationToken))
        {
            var current = (await workspace.Aliases.CurrentAsync(name, cancellationToken))!;
            rows.Add(($"{name} ({workspace.Aliases.Environment}, {current.Version})", current.Artifact, current.At));
        }
        var document = rows.Select(r => (JsonNode)new JsonObject { ["name"] = r.Name, ["artifact"] = r.Artifact.ToString(), ["at"] = CanonicalJson.ToNode(r.At) });
        Output.Write(json, new JsonArray([.. document]), () =>
        {
            foreach (var (name, artifact, at) in rows) Console.Out.WriteLine($"{name,-44}  {artifact.Short,-24}  {at:yyyy-MM-dd HH:mm} UTC");
            if (rows.Count == 0) Console.Error.WriteLine("Nothing has been named yet.");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> ShowAsync(Workspace workspace, string reference, bool json, CancellationToken cancellationToken)
    {
        var artifact = await workspace.References.ResolveAsync(reference, cancellationToken);
        var manifest = await workspace.Artifacts.ManifestAsync(artifact, cancellationToken);
        var records = (await Lineage.ReadAsync(workspace.Objects, cancellationToken)).MakersOf(artifact);
        var made = new JsonArray([.. records.Select(CanonicalJson.ToObject)]);
        Output.Write(json, new JsonObject { ["artifact"] = artifact.ToString(), ["manifest"] = CanonicalJson.ToObject(manifest), ["madeBy"] = made }, () =>
        {
            Console.Out.WriteLine(artifact);
            foreach (var file in manifest.Files) Console.Out.WriteLine($"{file.Sha256[..12]}  {file.Size,12:N0}  {file.Path}");
            foreach (var record in records)
                Console.Out.WriteLine($"made by {record.Step} {record.StepVersion} in {record.Seconds:0.0} s ({record.FinishedAt:u}, instance {record.Instance}) from {CanonicalJson.ToText(record.Inputs)}");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> VerifyAsync(Workspace workspace, string? reference, bool json, CancellationToken cancellationToken)
    {
        var artifacts = reference is null ? await workspace.Artifacts.ListAsync(cancellationToken) : [await workspace.References.ResolveAsync(reference, cancellationToken)];
        var problems = new List<string>();
        foreach (var artifact in artifacts) problems.AddRange(await workspace.Stored.VerifyAsync(artifact, cancellationToken));
        Output.Write(json, new JsonObject { ["artifacts"] = artifacts.Count, ["problems"] = new JsonArray([.. problems.Select(p => (JsonNode)p)]) }, () =>
        {
            foreach (var problem in problems) Console.Out.WriteLine(problem);
            Console.Out.WriteLine($"{artifacts.Count} artifacts read, {problems.Count} problems.");
        });
        return problems.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }

    /// <summary>Files that differ, and what differs in the inputs and hparams they were made from.</summary>
    public static async Task<int> DiffAsync(Workspace workspace, string first, string second, bool json, CancellationToken cancellationToken)
    {
        var (a, b) = (await workspace.References.ResolveAsync(first, cancellationToken), await workspace.References.ResolveAsync(second, cancellationToken));
        var (filesOfA, filesOfB) = (await FilesAsync(a), await FilesAsync(b));
        var lineage = await Lineage.ReadAsync(workspace.Objects, cancellationToken);
        var files = Differences(filesOfA, filesOfB);
        var making = Differences(Making(lineage.MakersOf(a)), Making(lineage.MakersOf(b)));
        var document = new JsonObject { ["a"] = a.ToString(), ["b"] = b.ToString(), ["files"] = ToJson(files), ["madeFrom"] = ToJson(making) };
        Output.Write(json, document, () =>
        {
            Console.Out.WriteLine($"- {a}\n+ {b}");
            Print("files", files);
            Print("made from", making);
            if (files.Count == 0) Console.Out.WriteLine("The files are the same.");
        });
        return ExitCodes.Done;

        async Task<Dictionary<string, string>> FilesAsync(ArtifactRef artifact) =>
            (await workspace.Artifacts.ManifestAsync(artifact, cancellationToken)).Files.ToDictionary(f => f.Path, f => $"{f.Size} bytes, {f.Sha256[..12]}");
    }

    public static async Task<int> ExportAsync(Workspace workspace, string reference, string folder, bool json, CancellationToken cancellationToken)
    {
        var artifact = await workspace.References.ResolveAsync(reference, cancellationToken);
        await workspace.Artifacts.ExportAsync(artifact, folder, cancellationToken);
        Output.Write(json, new JsonObject { ["artifact"] = artifact.ToString(), ["folder"] = Path.GetFullPath(folder) }, () =>
            Console.Error.WriteLine($"{artifact} written to {Path.GetFullPath(folder)}."));
        return ExitCodes.Done;
    }

    /// <summary>A folder's files as an artifact; with a name it becomes the next version of that.</summary>
    public static async Task<int> ImportAsync(Workspace workspace, string kind, string folder, string? name, bool json, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder)) throw new ArgumentException($"There is no folder '{folder}'.");
        var artifact = await workspace.Artifacts.PutFolderAsync(ArtifactRef.CheckKind(kind), folder, cancellationToken);
        var version = name is null ? null : await workspace.Names.AddAsync(name, artifact, cancellationToken);
        var named = version is null ? null : $"{name}@{version.Version}";
        Output.Write(json, new JsonObject { ["artifact"] = artifact.ToString(), ["name"] = named }, () =>
            Console.Out.WriteLine(named is null ? $"{artifact}" : $"{artifact} is {named}"));
        return ExitCodes.Done;
    }

    // The newest making of several equal ones stands for them.
    static Dictionary<string, string> Making(IReadOnlyList<StepRecord> records)
    {
        if (records is not [.., var record]) return [];
        var values = new Dictionary<string, string> { ["step"] = $"{record.Step} {record.StepVersion}", ["product"] = record.ProductVersion };
        foreach (var (field, value) in record.Inputs) values[$"inputs.{field}"] = CanonicalJson.ToText(value);
        foreach (var (field, value) in record.Hparams) values[$"hparams.{field}"] = CanonicalJson.ToText(value);
        return values;
    }

    static List<(string Name, string? A, string? B)> Differences(Dictionary<string, string> a, Dictionary<string, string> b) =>
        [.. a.Keys.Union(b.Keys).Order(StringComparer.Ordinal).Select(k => (k, a.GetValueOrDefault(k), b.GetValueOrDefault(k))).Where(d => d.Item2 != d.Item3)];

    static JsonArray ToJson(List<(string Name, string? A, string? B)> differences) =>
        [.. differences.Select(d => new JsonObject { ["name"] = d.Name, ["a"] = d.A, ["b"] = d.B })];

    static void Print(string title, List<(string Name, string? A, string? B)> differences)
    {
        if (differences.Count > 0) Console.Out.WriteLine($"{title}:");
        foreach (var (name, a, b) in differences)
        {
            if (a is not null) Console.Out.WriteLine($"  - {name}: {a}");
            if (b is not null) Console.Out.WriteLine($"  + {name}: {b}");
        }
    }
}
