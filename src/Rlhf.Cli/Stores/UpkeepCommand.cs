using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Provenance;

namespace Rlhf.Cli.Stores;

/// <summary><c>rlhf artifacts gc | pin | unpin | push | pull</c>.</summary>
static class UpkeepCommand
{
    public static async Task<int> CollectAsync(Workspace workspace, double graceHours, bool dryRun, bool json, CancellationToken cancellationToken)
    {
        var collection = new GarbageCollection(workspace.Objects, TimeProvider.System);
        if (!(graceHours >= GarbageCollection.LeastGrace.TotalHours && graceHours <= 1e5))
            throw new ArgumentException($"--grace is {graceHours} hours; expected {GarbageCollection.LeastGrace.TotalHours:0} to 100000, longer than any lease.");
        var garbage = await collection.FindAsync(workspace.Runtime.ArtifactsInUseAsync, TimeSpan.FromHours(graceHours), cancellationToken);
        var gone = dryRun ? garbage.Objects : await collection.RemoveAsync(garbage, cancellationToken);
        var document = new JsonObject
        {
            ["dryRun"] = dryRun,
            ["kept"] = garbage.Kept,
            ["young"] = garbage.Young,
            ["bytes"] = gone.Sum(o => o.Size),
            ["objects"] = new JsonArray([.. gone.Select(o => (JsonNode)o.Name)]),
        };
        Output.Write(json, document, () =>
        {
            foreach (var found in gone) Console.Out.WriteLine($"{found.Size,12:N0}  {found.RenewedAt:yyyy-MM-dd HH:mm} UTC  {found.Name}");
            Console.Out.WriteLine($"{gone.Count} objects with {gone.Sum(o => o.Size):N0} bytes {(dryRun ? "would go" : "are gone")}; "
                + $"{garbage.Kept} are in use, {garbage.Young} more are younger than {graceHours:0.##} hours.");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> PinAsync(Workspace workspace, string reference, string reason, bool json, CancellationToken cancellationToken)
    {
        var artifact = await workspace.References.ResolveAsync(reference, cancellationToken);
        await workspace.Artifacts.ManifestAsync(artifact, cancellationToken);
        var added = await workspace.Pins.AddAsync(artifact, reason, cancellationToken);
        Output.Write(json, new JsonObject { ["artifact"] = artifact.ToString(), ["added"] = added }, () =>
            Console.Out.WriteLine(added ? $"{artifact} stays until it is unpinned." : $"{artifact} is pinned already."));
        return ExitCodes.Done;
    }

    public static async Task<int> UnpinAsync(Workspace workspace, string reference, bool json, CancellationToken cancellationToken)
    {
        var artifact = await workspace.References.ResolveAsync(reference, cancellationToken);
        if ((await workspace.Pins.ListAsync(cancellationToken)).All(p => p.Artifact != artifact)) throw new ArgumentException($"{artifact} is not pinned.");
        await workspace.Pins.RemoveAsync(artifact, cancellationToken);
        if ((await workspace.Pins.ListAsync(cancellationToken)).Any(p => p.Artifact == artifact))
            throw new IOException($"{artifact} stays pinned: a retention policy of the container keeps the pin; unpin it when that has passed.");
        Output.Write(json, new JsonObject { ["artifact"] = artifact.ToString() }, () => Console.Out.WriteLine($"{artifact} is not pinned any more."));
        return ExitCodes.Done;
    }

    public static Task<int> PushAsync(Workspace workspace, string reference, string? to, bool lineage, bool json, CancellationToken cancellationToken) =>
        CopyAsync(reference, workspace.Objects, ObjectStores.Other(to), lineage, json, cancellationToken);

    public static Task<int> PullAsync(Workspace workspace, string reference, string? from, bool lineage, bool json, CancellationToken cancellationToken) =>
        CopyAsync(reference, ObjectStores.Other(from), workspace.Objects, lineage, json, cancellationToken);

    static async Task<int> CopyAsync(string reference, IObjectStore from, IObjectStore to, bool lineage, bool json, CancellationToken cancellationToken)
    {
        var artifact = await new References(from, TimeProvider.System, Settings.Environment).ResolveAsync(reference, cancellationToken);
        var report = await new Transfer(from, to, a => Console.Error.WriteLine($"copying {a.Short}")).CopyAsync(artifact, lineage, cancellationToken);
        var document = new JsonObject { ["artifact"] = artifact.ToString(), ["artifacts"] = report.Artifacts, ["records"] = report.Records, ["bytes"] = report.Bytes };
        Output.Write(json, document, () =>
            Console.Out.WriteLine($"{artifact}: {report.Artifacts} artifacts and {report.Records} records are there, {report.Bytes:N0} bytes were copied."));
        return ExitCodes.Done;
    }
}
