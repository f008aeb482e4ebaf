using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>Elsa's filters of instances as a search.</summary>
static class InstanceFilters
{
    /// <summary>Rows of a page where none are asked for.</summary>
    const int Page = 100;

    static readonly Dictionary<string, InstanceOrder> Orders = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Created"] = InstanceOrder.Created,
        ["CreatedAt"] = InstanceOrder.Created,
        ["UpdatedAt"] = InstanceOrder.Updated,
        ["LastExecuted"] = InstanceOrder.Updated,
        ["Updated"] = InstanceOrder.Updated,
        ["Finished"] = InstanceOrder.Ended,
        ["FinishedAt"] = InstanceOrder.Ended,
        ["DefinitionId"] = InstanceOrder.Definition,
        ["Name"] = InstanceOrder.Name,
        ["Status"] = InstanceOrder.Status,
    };

    static readonly Dictionary<string, bool> Directions = new(StringComparer.OrdinalIgnoreCase) { ["Ascending"] = false, ["Descending"] = true };

    static readonly Dictionary<string, InstanceTime> Columns = new(StringComparer.OrdinalIgnoreCase)
    {
        ["CreatedAt"] = InstanceTime.Created,
        ["UpdatedAt"] = InstanceTime.Updated,
        ["FinishedAt"] = InstanceTime.Ended,
    };

    static readonly Dictionary<string, TimeComparison> Operators = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Is"] = TimeComparison.Is,
        ["IsNot"] = TimeComparison.IsNot,
        ["LessThan"] = TimeComparison.Before,
        ["LessThanOrEqual"] = TimeComparison.NotAfter,
        ["GreaterThan"] = TimeComparison.After,
        ["GreaterThanOrEqual"] = TimeComparison.NotBefore,
    };

    /// <exception cref="ArgumentException">A field has another type or is none of the words it may be.</exception>
    public static InstanceSearch Read(Fields fields)
    {
        var (page, size) = (fields.Number("page", 0, int.MaxValue) ?? 0, fields.Number("pageSize", 0, int.MaxValue) ?? Page);
        return new()
        {
            Ids = fields.Texts("ids"),
            DefinitionIds = Both(fields.Text("definitionId"), fields.Texts("definitionIds")),
            Version = fields.Number("version", 1, int.MaxValue),
            Statuses = fields.Flag("isSystem") == true ? [] : StatusesOf(fields),
            CorrelationId = fields.Text("correlationId"),
            Name = fields.Text("name"),
            HasIncidents = fields.Flag("hasIncidents"),
            Text = fields.Text("searchTerm"),
            Parents = fields.Texts("parentWorkflowInstanceIds"),
            Times = [.. fields.Objects("timestampFilters").Select(TimeOf)],
            Order = fields.Word("orderBy", Orders) ?? InstanceOrder.Created,
            Descending = fields.Word("orderDirection", Directions) ?? true,
            Skip = (int)Math.Min((long)page * size, int.MaxValue),
            Take = size,
        };
    }

    // One of several statuses, and one of several sub-statuses: what meets both. Null where neither is given.
    static List<WorkflowStatus>? StatusesOf(Fields fields)
    {
        var statuses = Named(fields, "status", "statuses", Statuses.OfStatus);
        var subStatuses = Named(fields, "subStatus", "subStatuses", Statuses.OfSubStatus);
        return statuses is null && subStatuses is null ? null
            : [.. Enum.GetValues<WorkflowStatus>().Where(s => statuses?.Contains(s) != false && subStatuses?.Contains(s) != false)];
    }

    static IReadOnlyList<WorkflowStatus>? Named(Fields fields, string one, string several, Dictionary<string, IReadOnlyList<WorkflowStatus>> words)
    {
        var given = Both(fields.Text(one), fields.Texts(several));
        return given?.SelectMany(g => words.TryGetValue(g, out var of) ? of : throw new FieldException(one, $"'{one}' is '{g}'; expected {string.Join(", ", words.Keys)}.")).ToList();
    }

    static IReadOnlyList<string>? Both(string? one, IReadOnlyList<string>? several) => one is null ? several : several is null ? [one] : [one, .. several];

    static TimeCondition TimeOf(Fields filter)
    {
        filter.Needed("column");
        return new(
            filter.Word("column", Columns)!.Value, filter.Word("operator", Operators) ?? TimeComparison.Is,
            filter.Time("timestamp") ?? throw new FieldException("timestamp", "'timestamp' is missing; expected a time such as 2026-01-31T12:00:00Z."));
    }
}
