using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Provenance;

/// <summary>One step on the way: what it took from the way, and what it gave to it.</summary>
public sealed record LineageStep(StepRecord Record, IReadOnlyList<ArtifactRef> From, IReadOnlyList<ArtifactRef> To);

/// <summary>
/// Where artifacts came from and what was made of them: the graph of all step records. An effectful step may name an artifact among its
/// outputs that an earlier step made (a round begins by naming its champion): the maker is the step that finished first.
/// </summary>
public sealed class Lineage
{
    readonly ILookup<ArtifactRef, StepRecord> _makers;
    readonly ILookup<ArtifactRef, StepRecord> _users;

    public Lineage(IEnumerable<StepRecord> records)
    {
        var all = records.OrderBy(r => r.FinishedAt).ThenBy(r => r.Key, StringComparer.Ordinal).ToList();
        _makers = (from record in all from artifact in ArtifactRefs.In(record.Outputs) select (artifact, record)).GroupBy(m => m.artifact)
            .SelectMany(made => made.Where(m => m.record.Step == made.First().record.Step)).ToLookup(m => m.artifact, m => m.record);
        _users = (from record in all from artifact in ArtifactRefs.In(record.Inputs).Concat(ArtifactRefs.In(record.Hparams)).Distinct() select (artifact, record))
            .ToLookup(u => u.artifact, u => u.record);
    }

    public static async Task<Lineage> ReadAsync(IObjectStore objects, CancellationToken cancellationToken) =>
        new(await new StepRecords(objects).ListAsync(cancellationToken));

    /// <summary>The records of the step that made an artifact, the earliest first; empty for what was imported.</summary>
    public IReadOnlyList<StepRecord> MakersOf(ArtifactRef artifact) => [.. _makers[artifact]];

    /// <summary>Every step that had a part in making these artifacts, the nearest first.</summary>
    public IReadOnlyList<LineageStep> Upstream(params IEnumerable<ArtifactRef> artifacts) =>
        Walk(artifacts, a => _makers[a], r => ArtifactRefs.In(r.Inputs).Concat(ArtifactRefs.In(r.Hparams)).Distinct(), (record, near, far) => new(record, far, near));

    /// <summary>Every step in which these artifacts had a part, the nearest first.</summary>
    public IReadOnlyList<LineageStep> Downstream(params IEnumerable<ArtifactRef> artifacts) =>
        Walk(artifacts, a => _users[a], r => ArtifactRefs.In(r.Outputs).Where(o => _makers[o].Contains(r)), (record, near, far) => new(record, near, far));

    static List<LineageStep> Walk(
        IEnumerable<ArtifactRef> artifacts, Func<ArtifactRef, IEnumerable<StepRecord>> next, Func<StepRecord, IEnumerable<ArtifactRef>> beyond,
        Func<StepRecord, IReadOnlyList<ArtifactRef>, IReadOnlyList<ArtifactRef>, LineageStep> step)
    {
        var (steps, near) = (new Dictionary<string, (StepRecord Record, HashSet<ArtifactRef> Near)>(), new HashSet<ArtifactRef>(artifacts));
        var queue = new Queue<ArtifactRef>(near);
        while (queue.TryDequeue(out var artifact))
        {
            foreach (var record in next(artifact))
            {
                if (!steps.TryGetValue(record.Key, out var known))
                {
                    steps[record.Key] = known = (record, []);
                    foreach (var further in beyond(record).Where(near.Add)) queue.Enqueue(further);
                }
                known.Near.Add(artifact);
            }
        }
        return [.. steps.Values.Select(s => step(s.Record, [.. s.Near], [.. beyond(s.Record)]))];
    }
}
