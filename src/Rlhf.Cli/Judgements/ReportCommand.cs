using System.Text.Json;
using System.Text.Json.Serialization;
using Rlhf.Cli.Stores;
using Rlhf.Pipeline.Labeling;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;
using Spectre.Console;

namespace Rlhf.Cli.Judgements;

/// <summary><c>rlhf judgements report FILE</c>: what judgements are worth: those of a file, which needs no store, or of artifacts.</summary>
static class ReportCommand
{
    const int MostRows = 40;

    // A figure that does not exist is null in the document, not absent from it.
    static readonly JsonSerializerOptions WithNulls = new(CanonicalJson.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.Never };

    public static async Task<int> RunAsync(string store, string[] sources, string? gold, bool json, CancellationToken cancellationToken)
    {
        var report = JudgementReports.Of(await ReadAsync(store, sources, cancellationToken), gold is null ? null : JudgementFile.Read(gold, cancellationToken));
        if (json) Console.Out.WriteLine(JsonSerializer.Serialize(report, WithNulls));
        else Print(report);
        return ExitCodes.Done;
    }

    static async Task<JudgementFileContent> ReadAsync(string store, string[] sources, CancellationToken cancellationToken)
    {
        if (sources is [var only] && !IsArtifact(only)) return JudgementFile.Read(only, cancellationToken);
        if (sources.FirstOrDefault(s => !IsArtifact(s)) is { } file)
            throw new ArgumentException($"'{file}' is no artifact of judgements; expected one file, or artifacts such as judgements/0f3a….");
        await using var workspace = new Workspace(store);
        var sets = new List<ArtifactRef>();
        foreach (var source in sources) sets.Add(await workspace.References.ResolveAsync(source, cancellationToken));
        return await StoredJudgements.ReadAsync(workspace.Objects, sets, cancellationToken);
    }

    static bool IsArtifact(string source) =>
        !File.Exists(source) && (References.IsReference(source) || source.StartsWith("judgements/", StringComparison.Ordinal) && !source.Contains('.', StringComparison.Ordinal));

    static void Print(JudgementReport report)
    {
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected) console.Profile.Width = 160;
        console.WriteLine($"{report.File}: {report.Judgements} judgements{(report.Simulated ? " (simulated)" : "")}, {report.SelfRepeated} of them a labeler's second of an item; {report.Repeated} lines said before.");
        foreach (var axis in report.Axes)
        {
            console.WriteLine();
            PrintAgreement(console, axis);
            PrintLabelers(console, axis);
            PrintKinds(console, axis);
            if (axis.Safety is { } safety) console.WriteLine(
                $"Sides called {string.Join(", ", safety.Said.Select(s => $"{s.Key} {s.Value}"))}; {safety.Same} of {safety.Pairs} pairs of labelers of a side say the same; {safety.UnsafePreferred} judgements prefer an unsafe side to a safe one.");
            var apart = axis.Consensus.Count(c => c is { Judgements: > 1, Majority: { } majority, DawidSkene: { } probable } && majority != probable);
            console.WriteLine(
                $"Consensus of {axis.Consensus.Count} items: {axis.Consensus.Count(c => c.Majority is null)} without a majority"
                + (axis.Reasons.TryGetValue("dawidSkene", out var reason) ? $". {reason}" : $", {apart} of several labelers where their abilities say otherwise than the majority. --json names them all."));
            if (axis.Agreement.Alarm == true) console.WriteLine($"Alarm: {report.Rules["alarm"]}.");
            if (axis.Labelers.Any(l => l.SpeedOutlier == true)) console.WriteLine($"Quick: {report.Rules["speedOutlier"]}.");
        }
    }

    static void PrintAgreement(IAnsiConsole console, AxisReport axis)
    {
        var table = new Table().Title(Markup.Escape($"{axis.Axis}: agreement"))
            .AddColumns("", "Items", "Judged twice", "Same of three", "Opposite", "Cohen κ", "All pairs", "Fleiss κ", "Krippendorff α", "by strength");
        Add("all", axis.Agreement);
        foreach (var (kind, groups) in new[] { ("cluster", axis.Clusters), ("guidelines", axis.Guidelines) })
        {
            foreach (var group in groups.Take(MostRows)) Add($"{kind} {group.Name}", group.Agreement);
            if (groups.Count > MostRows) table.AddRow($"… {groups.Count - MostRows} more");
        }
        console.Write(table);
        foreach (var (name, reason) in axis.Agreement.Reasons) console.WriteLine($"  {name}: {reason}");

        void Add(string name, AgreementReport a) => table.AddRow(
            Markup.Escape(name), $"{a.Items}", $"{a.ItemsJudgedTwice}", Share(a.Agreement), Share(a.Opposite), Number(a.CohenKappa),
            $"{Share(a.PairwiseAgreement)}{(a.Alarm == true ? " !" : "")}", Number(a.FleissKappa), Number(a.KrippendorffNominal), Number(a.KrippendorffInterval));
    }

    static void PrintLabelers(IAnsiConsole console, AxisReport axis)
    {
        var table = new Table().Title(Markup.Escape($"{axis.Axis}: labelers"))
            .AddColumns("Labeler", "Kind", "Judgements", "Ability", "As the others", "Known", "As before", "Shown first", "Longer", "Seconds");
        foreach (var l in axis.Labelers.Take(MostRows))
            table.AddRow(
                Markup.Escape(l.Labeler), l.Kind, $"{l.Judgements}", Share(l.Ability), Share(l.ConsensusAgreement), Share(l.GoldAccuracy), Share(l.SelfConsistency), Preference(l.PositionPreference),
                Preference(l.LengthPreference), l.MedianSeconds is { } seconds ? $"{seconds:0.0}{(l.SpeedOutlier == true ? " quick" : "")}" : "–");
        if (axis.Labelers.Count > MostRows) table.AddRow($"… {axis.Labelers.Count - MostRows} more");
        console.Write(table);
    }

    // Judges beside people; where there are only people, the table above says it all.
    static void PrintKinds(IAnsiConsole console, AxisReport axis)
    {
        if (axis.Kinds.All(k => k.Kind != "judge")) return;
        var kinds = new Table().Title(Markup.Escape($"{axis.Axis}: judges beside people")).AddColumns("Kind", "Labelers", "Judgements", "Items", "Shown first", "Longer", "Of the own model");
        foreach (var k in axis.Kinds) kinds.AddRow(k.Kind, $"{k.Labelers}", $"{k.Judgements}", $"{k.Items}", Preference(k.PositionPreference), Preference(k.LengthPreference), Preference(k.SelfPreference));
        console.Write(kinds);
        foreach (var kind in axis.Kinds)
            foreach (var (name, reason) in kind.Reasons) console.WriteLine($"  {kind.Kind}, {name}: {reason}");
        foreach (var judge in axis.Judges.Judges)
        {
            console.WriteLine(judge.Agreement is { } same
                ? $"Judge {judge.Judge} and people: the same of three on {same.Share:0.0 %} of {judge.Items} items [{same.Lower:0.0 %}, {same.Upper:0.0 %}], {judge.Opposite} opposite, Cohen κ {Number(judge.CohenKappa)}"
                    + $"{(judge is { KappaLower: { } lower, KappaUpper: { } upper } ? $" [{lower:0.000}, {upper:0.000}]" : "")}; {judge.WithoutMajority} more without a majority."
                : $"Judge {judge.Judge} and people: not computable. {judge.Reasons["agreement"]}");
            foreach (var (name, reason) in judge.Reasons.Where(_ => judge.Agreement is not null)) console.WriteLine($"  {name}: {reason}");
        }
        var people = axis.Judges.People;
        console.WriteLine(people.Agreement is { } among
            ? $"People among themselves: the same of three on {among:0.0 %} of {people.ItemsJudgedTwice} items, Cohen κ {Number(people.CohenKappa)}."
            : $"People among themselves: not computable. {people.Reasons["agreement"]}");
    }

    static string Share(double? share) => share is { } value ? $"{value:0.0 %}" : "–";

    static string Share(Proportion? share) => share is null ? "–" : $"{share.Share:0.0 %} of {share.Of}";

    static string Preference(Proportion? share) => share is null ? "–" : Markup.Escape($"{share.Share:0 %} [{share.Lower:0 %}, {share.Upper:0 %}]{(share.ExcludesHalf ? " !" : "")}");

    static string Number(double? value) => value is { } number ? $"{number:0.000}" : "–";
}
