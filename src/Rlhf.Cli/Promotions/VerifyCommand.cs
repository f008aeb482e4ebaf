using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Pipeline.Promotions;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Promotions;

namespace Rlhf.Cli.Promotions;

/// <summary><c>rlhf promotions verify</c>: a promotion from its own files; for an exported one no store is needed.</summary>
static class VerifyCommand
{
    public static async Task<int> RunAsync(string store, string record, IReadOnlyList<string> keys, bool json, CancellationToken cancellationToken)
    {
        var folder = Directory.Exists(record) ? record : File.Exists(record) && Path.GetFileName(record) == PromotionBundle.RecordFile ? Path.GetDirectoryName(Path.GetFullPath(record)) : null;
        if (folder is null && File.Exists(record)) throw new ArgumentException($"'{record}' is no promotion; expected the folder that rlhf artifacts export wrote, or {PromotionBundle.RecordFile} in it.");
        var named = new TrustedKeys(keys.Select(Settings.PublicKey)).With(Settings.TrustedKeys);
        if (Settings.SigningKey is { } own) named = named.With(new(own.PublicKeyPem));

        var (files, trusted) = folder is null ? await FromStoreAsync(store, record, named, cancellationToken) : (FromFolder(folder), named);
        var findings = await PromotionVerification.OfAsync(files, trusted, cancellationToken);
        var document = new JsonObject
        {
            ["isValid"] = findings.Wrong.Count == 0,
            ["wrong"] = new JsonArray([.. findings.Wrong.Select(w => (JsonNode)w)]),
            ["contents"] = findings.Record is null ? null : CanonicalJson.ToNode(findings.Record),
        };
        Output.Write(json, document, () =>
        {
            foreach (var wrong in findings.Wrong) Console.Error.WriteLine($"wrong: {wrong}");
            if (findings.Record is not null && findings.Wrong.Count == 0) PromotionText.Record(findings.Record);
            Console.Out.WriteLine(findings.Wrong.Count == 0
                ? "The promotion was allowed: signatures, hashes and criteria hold, and its evidence comes to the same decision again."
                : $"The promotion is not valid: {findings.Wrong.Count} {(findings.Wrong.Count == 1 ? "thing is" : "things are")} wrong.");
        });
        return findings.Wrong.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }

    static Dictionary<string, byte[]> FromFolder(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(folder, f).Replace('\\', '/'), File.ReadAllBytes);

    static async Task<(Dictionary<string, byte[]>, TrustedKeys)> FromStoreAsync(string store, string reference, TrustedKeys named, CancellationToken cancellationToken)
    {
        await using var workspace = new Workspace(store);
        var artifact = await workspace.References.ResolveAsync(reference, cancellationToken);
        if (artifact.Kind != PromotionBundle.Kind) throw new ArgumentException($"{artifact.Short} is no promotion; expected such as {PromotionBundle.Kind}/0f3a…, or an exported folder.");
        var files = new Dictionary<string, byte[]>();
        foreach (var file in (await workspace.Stored.ManifestAsync(artifact, cancellationToken)).Files) files[file.Path] = await workspace.Stored.ReadFileAsync(artifact, file.Path, cancellationToken);
        var record = CanonicalJson.Deserialize<PromotionRecord>(files[PromotionBundle.RecordFile], PromotionBundle.RecordFile);
        return (files, named.With(await workspace.PromotionKeys.TrustedAsync(record.Environment, cancellationToken)));
    }
}
