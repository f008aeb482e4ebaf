using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Store;

/// <content>Searches among instances, and their removal.</content>
internal sealed partial class WorkflowStore
{
    const string Running = nameof(WorkflowStatus.Running), Suspended = nameof(WorkflowStatus.Suspended), Faulted = nameof(WorkflowStatus.Faulted);

    public async Task<InstancePage> SearchAsync(InstanceSearch search, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var found = Matching(db, search);
        var total = await found.CountAsync(cancellationToken);
        var rows = await InOrder(found, search).Skip(search.Skip).Take(search.Take)
            .Select(i => new
            {
                i.Id,
                i.DefinitionId,
                i.DefinitionVersion,
                i.Status,
                i.CreatedAt,
                i.UpdatedAt,
                i.Incident,
                i.Parent,
                i.StartedBy,
                i.CorrelationId,
                i.Name,
                // Only where there is something to count.
                State = i.Incident == null ? null : i.State,
            }).ToListAsync(cancellationToken);
        return new([.. rows.Select(i => new FoundInstance(
            new(i.Id, i.DefinitionId, i.DefinitionVersion, Enum.Parse<WorkflowStatus>(i.Status), i.CreatedAt, i.UpdatedAt,
                i.Incident is null ? null : Parse<Incident>(i.Incident, $"The incident of instance {i.Id}"))
            { Parent = i.Parent, StartedBy = i.StartedBy, CorrelationId = i.CorrelationId, Name = i.Name },
            i.State is null ? 0 : WorkflowState.Parse(i.State, $"The state of instance {i.Id}").Incidents.Count))], total);
    }

    static IQueryable<InstanceRow> Matching(RuntimeDbContext db, InstanceSearch search)
    {
        var instances = db.Instances.AsNoTracking();
        if (search.Ids is { } ids) instances = instances.Where(i => ids.Contains(i.Id));
        if (search.DefinitionIds is { } definitions) instances = instances.Where(i => definitions.Contains(i.DefinitionId));
        if (search.Version is { } version) instances = instances.Where(i => i.DefinitionVersion == version);
        if (search.CorrelationId is { } correlation) instances = instances.Where(i => i.CorrelationId == correlation);
        if (search.Name is { } name) instances = instances.Where(i => i.Name == name);
        if (search.HasIncidents is { } has) instances = instances.Where(i => (i.Incident != null) == has);
        if (search.Parents is { } parents) instances = instances.Where(i => i.Parent != null && parents.Contains(i.Parent));
        if (search.Statuses is { } statuses)
        {
            var names = statuses.Select(s => s.ToString()).ToList();
            instances = instances.Where(i => names.Contains(i.Status));
        }
        if (search.Text is { Length: > 0 } text)
        {
            var part = text.ToLowerInvariant();
#pragma warning disable CA1304, CA1311, CA1862 // it becomes SQL, which has no cultures
            instances = instances.Where(i => i.Id.ToLower().Contains(part) || i.DefinitionId.ToLower().Contains(part) || (i.Name != null && i.Name.ToLower().Contains(part))
                || (i.CorrelationId != null && i.CorrelationId.ToLower().Contains(part)) || (i.StartedBy != null && i.StartedBy.ToLower().Contains(part)));
#pragma warning restore CA1304, CA1311, CA1862
        }
        return search.Times.Aggregate(instances, Where);
    }

    static IQueryable<InstanceRow> Where(IQueryable<InstanceRow> instances, TimeCondition condition)
    {
        var at = condition.At;
        if (condition.Time == InstanceTime.Ended) instances = instances.Where(i => i.Status != Running && i.Status != Suspended);
        if (condition.Time == InstanceTime.Created)
        {
            return condition.Comparison switch
            {
                TimeComparison.Is => instances.Where(i => i.CreatedAt == at),
                TimeComparison.IsNot => instances.Where(i => i.CreatedAt != at),
                TimeComparison.Before => instances.Where(i => i.CreatedAt < at),
                TimeComparison.NotAfter => instances.Where(i => i.CreatedAt <= at),
                TimeComparison.After => instances.Where(i => i.CreatedAt > at),
                _ => instances.Where(i => i.CreatedAt >= at),
            };
        }
        return condition.Comparison switch
        {
            TimeComparison.Is => instances.Where(i => i.UpdatedAt == at),
            TimeComparison.IsNot => instances.Where(i => i.UpdatedAt != at),
            TimeComparison.Before => instances.Where(i => i.UpdatedAt < at),
            TimeComparison.NotAfter => instances.Where(i => i.UpdatedAt <= at),
            TimeComparison.After => instances.Where(i => i.UpdatedAt > at),
            _ => instances.Where(i => i.UpdatedAt >= at),
        };
    }

    static IQueryable<InstanceRow> InOrder(IQueryable<InstanceRow> instances, InstanceSearch search)
    {
        var ordered = (search.Order, search.Descending) switch
        {
            (InstanceOrder.Created, true) => instances.OrderByDescending(i => i.CreatedAt),
            (InstanceOrder.Created, false) => instances.OrderBy(i => i.CreatedAt),
            (InstanceOrder.Updated, true) => instances.OrderByDescending(i => i.UpdatedAt),
            (InstanceOrder.Updated, false) => instances.OrderBy(i => i.UpdatedAt),
            // Those that have not ended come first among the oldest.
            (InstanceOrder.Ended, true) => instances.OrderBy(i => i.Status == Running || i.Status == Suspended).ThenByDescending(i => i.UpdatedAt),
            (InstanceOrder.Ended, false) => instances.OrderByDescending(i => i.Status == Running || i.Status == Suspended).ThenBy(i => i.UpdatedAt),
            (InstanceOrder.Name, true) => instances.OrderByDescending(i => i.Name ?? i.DefinitionId).ThenByDescending(i => i.CreatedAt),
            (InstanceOrder.Name, false) => instances.OrderBy(i => i.Name ?? i.DefinitionId).ThenBy(i => i.CreatedAt),
            (InstanceOrder.Definition, true) => instances.OrderByDescending(i => i.DefinitionId).ThenByDescending(i => i.CreatedAt),
            (InstanceOrder.Definition, false) => instances.OrderBy(i => i.DefinitionId).ThenBy(i => i.CreatedAt),
            (_, true) => instances.OrderByDescending(i => i.Status).ThenByDescending(i => i.CreatedAt),
            _ => instances.OrderBy(i => i.Status).ThenBy(i => i.CreatedAt),
        };
        return search.Descending ? ordered.ThenByDescending(i => i.Id) : ordered.ThenBy(i => i.Id);
    }

    public async Task<InstanceStamp?> StampAsync(string instance, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var row = await db.Instances.Where(i => i.Id == instance).Select(i => new { i.Status, i.Revision, i.UpdatedAt }).SingleOrDefaultAsync(cancellationToken);
        if (row is null) return null;
        var jobs = await db.Jobs.Where(j => j.InstanceId == instance).OrderBy(j => j.Execution)
            .Select(j => new { j.Execution, j.Epoch, j.Status, j.Fraction, j.Message, j.Metrics, j.Notices }).ToListAsync(cancellationToken);
        var progress = jobs.Select(j => string.Create(CultureInfo.InvariantCulture, $"{j.Execution}/{j.Epoch} {j.Status} {j.Fraction} {j.Message} {j.Metrics} {j.Notices}"));
        return new(Enum.Parse<WorkflowStatus>(row.Status), row.Revision, row.UpdatedAt, string.Join('\n', progress));
    }

    public async Task<Deletion> DeleteAsync(string instance, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.Instances.Where(i => i.Id == instance).Select(i => i.Status).SingleOrDefaultAsync(cancellationToken) is not { } status) return Deletion.Unknown;
        // A faulted one may still be retried; but it is Elsa's end of an instance, and nothing of it runs.
        if (status is Running or Suspended || await IsNeededAsync(db, instance, cancellationToken)) return Deletion.Open;
        await db.Messages.Where(m => m.InstanceId == instance).ExecuteDeleteAsync(cancellationToken);
        await db.WaitEvents.Where(w => w.InstanceId == instance).ExecuteDeleteAsync(cancellationToken);
        await db.Waits.Where(w => w.InstanceId == instance).ExecuteDeleteAsync(cancellationToken);
        await db.Jobs.Where(j => j.InstanceId == instance).ExecuteDeleteAsync(cancellationToken);
        await db.Log.Where(l => l.InstanceId == instance).ExecuteDeleteAsync(cancellationToken);
        await db.Events.Where(e => e.InstanceId == instance).ExecuteDeleteAsync(cancellationToken);
        if (await db.Instances.Where(i => i.Id == instance && i.Status == status).ExecuteDeleteAsync(cancellationToken) == 0) return Deletion.Open;
        await transaction.CommitAsync(cancellationToken);
        return Deletion.Deleted;
    }

    // Its children tell it of their end, its parent may look at it, and a child on its way still has to be started by it.
    static async Task<bool> IsNeededAsync(RuntimeDbContext db, string instance, CancellationToken cancellationToken)
    {
        string[] goesOn = [Running, Suspended, Faulted];
        return await db.Instances.AnyAsync(i => i.Parent == instance && goesOn.Contains(i.Status), cancellationToken)
            || await db.Instances.AnyAsync(i => i.Id == instance && db.Instances.Any(p => p.Id == i.Parent && goesOn.Contains(p.Status)), cancellationToken)
            || await db.Messages.AnyAsync(m => m.Kind == MessageKind.StartChild && m.Json.Contains(instance), cancellationToken);
    }
}
