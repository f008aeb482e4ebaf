using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Learning.Models;
using Rlhf.Pipeline.Imports;

namespace Rlhf.Cli.Models;

/// <summary><c>rlhf models import | export</c>.</summary>
static class ModelsCommand
{
    /// <summary>A model folder as an artifact; with a name it becomes the next version of that.</summary>
    public static async Task<int> ImportAsync(Workspace workspace, string folder, string? adapter, string? name, bool json, CancellationToken cancellationToken)
    {
        if (name is not null) await workspace.Names.HistoryAsync(name, cancellationToken); // a name that is none is said before a long reading
        var imported = await ModelImport.RunAsync(workspace.Artifacts, folder, adapter, cancellationToken);
        var version = name is null ? null : await workspace.Names.AddAsync(name, imported.Artifact, cancellationToken);
        var named = version is null ? null : $"{name}@{version.Version}";
        var document = Document(imported.Model);
        document["artifact"] = imported.Artifact.ToString();
        document["name"] = named;
        var source = imported.Source;
        document["source"] = new JsonObject { ["format"] = source.Format, ["types"] = Array(source.Types), ["files"] = source.Files };
        Output.Write(json, document, () =>
        {
            Console.Out.WriteLine(named is null ? $"{imported.Artifact}" : $"{imported.Artifact} is {named}");
            Console.Out.WriteLine(Sentence(imported.Model));
            Console.Out.WriteLine($"It was {string.Join(" and ", source.Types)} in {Files(source.Files)} ({source.Format}); it is stored as float32.");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> ExportAsync(
        Workspace workspace, string reference, string folder, WeightType type, double shardGigabytes, bool adapterOnly, bool json, CancellationToken cancellationToken)
    {
        if (shardGigabytes is not (>= 1e-6 and <= 1e6))
            throw new ArgumentException($"--shard-gb is {shardGigabytes}; expected a number from 0.000001 to 1000000.");
        var artifact = await workspace.References.ResolveAsync(reference, cancellationToken);
        var exported = await ModelExport.RunAsync(workspace.Artifacts, artifact, folder, type, (long)(shardGigabytes * 1e9), adapterOnly, cancellationToken);
        var document = Document(exported.Model);
        document["artifact"] = artifact.ToString();
        document["folder"] = Path.GetFullPath(folder);
        document["type"] = type.ToString().ToLowerInvariant();
        document["files"] = Array(exported.Files);
        document["leftOut"] = Array(exported.LeftOut);
        Output.Write(json, document, () =>
        {
            Console.Out.WriteLine($"{artifact} is in {Path.GetFullPath(folder)}: {Files(exported.Files.Count)}, {type.ToString().ToLowerInvariant()}.");
            Console.Out.WriteLine(Sentence(exported.Model));
            if (exported.LeftOut.Count > 0)
                Console.Out.WriteLine($"Left out, since a model folder has no place for it: {string.Join(", ", exported.LeftOut)}.");
        });
        return ExitCodes.Done;
    }

    static JsonObject Document(ModelFacts model) => new()
    {
        ["family"] = Family(model),
        ["parameters"] = model.Parameters,
        ["context"] = model.Context,
        ["vocabulary"] = model.Vocabulary,
        ["chatTemplate"] = model.HasChatTemplate,
        ["adapterRank"] = model.AdapterRank,
        ["members"] = model.Members,
    };

    static string Sentence(ModelFacts model) =>
        $"{Family(model)}, {model.Parameters:N0} parameters{(model.Members > 1 ? $" in {model.Members} members" : "")}, context {model.Context:N0}, "
        + $"vocabulary {model.Vocabulary:N0}, {(model.HasChatTemplate ? "with" : "without")} chat template{(model.AdapterRank > 0 ? $", adapter of rank {model.AdapterRank}" : "")}";

    static string Family(ModelFacts model) => model.Family.ToString().ToLowerInvariant();

    static string Files(int count) => count == 1 ? "1 file" : $"{count} files";

    static JsonArray Array(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];
}
