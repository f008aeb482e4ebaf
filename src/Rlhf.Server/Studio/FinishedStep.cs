using System.Text.Json.Nodes;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Labeling;
using Rlhf.Server.Artifacts;
using Rlhf.Server.Elsa.Instances;

namespace Rlhf.Server.Studio;

/// <summary>A step of an instance that is done.</summary>
/// <param name="Outputs">What it gave, by name.</param>
/// <param name="Seconds">That it computed; null where its outputs were those of an earlier run.</param>
public sealed record FinishedStep(string Execution, string Outcome, JsonObject Outputs, double? Seconds)
{
    /// <summary>Its page on the tracking server; null where nothing of it was delivered.</summary>
    public Uri? Run { get; init; }

    /// <param name="tracked">Pages of the tracking server, by the keys of steps.</param>
    internal static async Task<IReadOnlyList<FinishedStep>> AllOfAsync(
        InstanceRecord record, IReadOnlyList<PeopleWait> people, StoredRecords records, IReadOnlyDictionary<string, Uri> tracked, CancellationToken cancellationToken)
    {
        var keys = tracked.Count == 0 ? [] : (await records.AllAsync(cancellationToken)).Where(r => r.Instance == record.Summary.Id).GroupBy(r => r.Activity).ToDictionary(g => g.Key, g => g.First().Key);
        return
        [
            .. ActivityRun.AllOf(record, people).Where(r => r is { Status: "Completed", Of.Type.Step: not null }).Select(r => new FinishedStep(
                r.Execution, string.Join(", ", r.Outcomes ?? ["Done"]), Said(r.Given()), r.Cached ? null : r.Seconds)
            {
                Run = keys.GetValueOrDefault(r.Execution) is { } key ? tracked.GetValueOrDefault(key) : null,
            }),
        ];
    }

    static JsonObject Said(JsonObject? outputs) => new((outputs ?? []).Where(o => o.Value is not null && $"{o.Value}".Length > 0).Select(o => KeyValuePair.Create(o.Key, o.Value?.DeepClone())));
}
