using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Reports.Comparing;
using Rlhf.Reports.Rounds;

namespace Rlhf.Cli.Reports;

/// <summary><c>rlhf report</c>: a round, or several laid over each other, as one page in one file.</summary>
static class ReportCommand
{
    /// <summary>A round with how long it took.</summary>
    public static async Task<int> RoundAsync(Workspace workspace, string round, string? campaign, string? file, bool open, bool json, CancellationToken cancellationToken)
    {
        var rounds = await ReportedRounds.ReadAsync(workspace.Artifacts, cancellationToken);
        var found = rounds.Find(round, campaign);
        var material = await rounds.MaterialAsync(found, cancellationToken);
        var page = RoundDocument.Write(material, StepTime.Of(material.Lineage));
        file ??= $"round-{found.Inputs.Campaign}-{found.Inputs.Round}.html";
        return await WriteAsync(file, page, open, json, new()
        {
            ["report"] = $"{found.Report}",
            ["campaign"] = found.Inputs.Campaign,
            ["round"] = found.Inputs.Round,
            ["outcome"] = material.Report.Decision.Outcome,
            ["simulated"] = material.IsSimulated,
        }, cancellationToken);
    }

    /// <summary>Rounds over each other.</summary>
    public static async Task<int> CompareAsync(Workspace workspace, IReadOnlyList<string> compared, string? campaign, string? file, bool open, bool json, CancellationToken cancellationToken)
    {
        var rounds = await ReportedRounds.ReadAsync(workspace.Artifacts, cancellationToken);
        var found = compared.Select(r => rounds.Find(r, campaign)).Distinct().ToList();
        if (found.Count < 2) throw new ArgumentException($"--compare names {found[0]} only; expected at least two rounds.");
        return await SeveralAsync(rounds, found, $"Rounds {string.Join(", ", found.Select(r => r.Inputs.Round))}", file ?? "rounds.html", open, json, cancellationToken);
    }

    /// <summary>All rounds of a campaign over each other.</summary>
    public static async Task<int> CampaignAsync(Workspace workspace, string? campaign, string? file, bool open, bool json, CancellationToken cancellationToken)
    {
        var rounds = await ReportedRounds.ReadAsync(workspace.Artifacts, cancellationToken);
        var found = rounds.OfCampaign(campaign);
        var name = found[0].Inputs.Campaign;
        return await SeveralAsync(rounds, found, $"Campaign {name}", file ?? $"campaign-{name}.html", open, json, cancellationToken);
    }

    static async Task<int> SeveralAsync(
        ReportedRounds rounds, IReadOnlyList<ReportedRound> found, string title, string file, bool open, bool json, CancellationToken cancellationToken)
    {
        var materials = new List<RoundMaterial>();
        foreach (var round in found) materials.Add(await rounds.MaterialAsync(round, cancellationToken));
        return await WriteAsync(file, RoundsDocument.Write(title, materials), open, json, new()
        {
            ["rounds"] = new JsonArray([.. found.Select((r, i) => new JsonObject
            {
                ["report"] = $"{r.Report}",
                ["campaign"] = r.Inputs.Campaign,
                ["round"] = r.Inputs.Round,
                ["outcome"] = materials[i].Report.Decision.Outcome,
                ["simulated"] = materials[i].IsSimulated,
            })]),
        }, cancellationToken);
    }

    static async Task<int> WriteAsync(string file, byte[] page, bool open, bool json, JsonObject document, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(file);
        if (Directory.Exists(path)) throw new ArgumentException($"--output is '{file}', which is a folder; expected a file.");
        if (!Directory.Exists(Path.GetDirectoryName(path))) throw new ArgumentException($"--output is '{file}', but there is no folder '{Path.GetDirectoryName(path)}'.");
        var part = $"{path}.part";
        try
        {
            await File.WriteAllBytesAsync(part, page, cancellationToken);
            File.Move(part, path, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }
        document["file"] = path;
        Output.Write(json, document, () => Console.Out.WriteLine(path));
        if (open) Open(path);
        return ExitCodes.Done;
    }

    /// <summary>In the program that this machine opens pages with. Where there is none, as on a server, the file is there all the same.</summary>
    static void Open(string path)
    {
        try
        {
            using var opened = Process.Start(new ProcessStartInfo(path) { UseShellExecute = true });
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            Console.Error.WriteLine($"Nothing on this machine opens it: {e.Message}");
        }
    }
}
