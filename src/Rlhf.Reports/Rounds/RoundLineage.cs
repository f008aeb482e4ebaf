using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;

namespace Rlhf.Reports.Rounds;

/// <summary>
/// The steps of one round, from what it began with to its report: those that had a part in what the report is about. Of several records that made the same, the
/// first; so that whoever asks gets the same answer.
/// </summary>
/// <param name="Steps">Those that come first, first; steps between which nothing decides in the order of their names.</param>
/// <param name="Given">What the round began with and others had made.</param>
public sealed record RoundLineage(IReadOnlyList<LineageStep> Steps, IReadOnlyList<ArtifactRef> Given)
{
    public static RoundLineage Of(IReadOnlyList<StepRecord> records, ReportRound.Inputs inputs)
    {
        var lineage = new Lineage(records);
        var start = records.Where(r => r.Step == nameof(StartRound) && $"{r.Outputs["campaign"]}" == inputs.Campaign && $"{r.Outputs["round"]}" == $"{inputs.Round}")
            .OrderBy(r => r.FinishedAt).ThenBy(r => r.Key, StringComparer.Ordinal).FirstOrDefault();
        var begun = start is null ? [] : ArtifactRefs.In(start.Outputs).ToHashSet();
        var (steps, given, seen) = (new Dictionary<string, (StepRecord Record, HashSet<ArtifactRef> To)>(), new HashSet<ArtifactRef>(), new HashSet<ArtifactRef>());
        var queue = new Queue<ArtifactRef>(ArtifactRefs.In(Rlhf.Steps.Json.CanonicalJson.ToObject(inputs)).Distinct());
        while (queue.TryDequeue(out var artifact))
        {
            if (!seen.Add(artifact)) continue;
            var maker = lineage.MakersOf(artifact) is [var first, ..] ? first : null;
            // What the round began with is another round's, unless this very instance made it before, as the supervised policy of a first round.
            if (maker is null || begun.Contains(artifact) && maker.Instance != start!.Instance)
            {
                given.Add(artifact);
                continue;
            }
            if (!steps.TryGetValue(maker.Key, out var step)) steps[maker.Key] = step = (maker, []);
            step.To.Add(artifact);
            foreach (var further in FromOf(maker)) queue.Enqueue(further);
        }
        return new(Ordered(steps.Values), [.. given.OrderBy(g => g.ToString(), StringComparer.Ordinal)]);
    }

    static IEnumerable<ArtifactRef> FromOf(StepRecord record) => ArtifactRefs.In(record.Inputs).Concat(ArtifactRefs.In(record.Hparams)).Distinct();

    static List<LineageStep> Ordered(IEnumerable<(StepRecord Record, HashSet<ArtifactRef> To)> steps)
    {
        var waiting = steps.Select(s => new LineageStep(s.Record, [.. FromOf(s.Record)], [.. s.To.OrderBy(a => a.ToString(), StringComparer.Ordinal)]))
            .OrderBy(s => s.Record.Step, StringComparer.Ordinal).ThenBy(s => $"{s.To[0]}", StringComparer.Ordinal).ToList();
        var ordered = new List<LineageStep>();
        while (waiting.Count > 0)
        {
            var missing = waiting.SelectMany(s => s.To).ToHashSet();
            // An effectful step may name what it was given among its outputs; then whichever is first goes first.
            var next = waiting.FirstOrDefault(s => !s.From.Any(f => missing.Contains(f) && !s.To.Contains(f))) ?? waiting[0];
            waiting.Remove(next);
            ordered.Add(next);
        }
        return ordered;
    }

    /// <summary>How many steps lie before each, in the order of <see cref="Steps"/>: 0 for those that need none.</summary>
    public IReadOnlyList<int> Depths()
    {
        var (depths, of) = (new int[Steps.Count], new Dictionary<ArtifactRef, int>());
        foreach (var (i, step) in Steps.Index())
        {
            depths[i] = step.From.Select(f => of.TryGetValue(f, out var depth) ? depth + 1 : 0).DefaultIfEmpty(0).Max();
            foreach (var artifact in step.To) of.TryAdd(artifact, depths[i]);
        }
        return depths;
    }
}
