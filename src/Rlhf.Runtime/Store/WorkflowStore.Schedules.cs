using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Schedules;

namespace Rlhf.Runtime.Store;

/// <summary>What one firing leaves: its rows, at most one of which has an instance, and the next time the schedule is due.</summary>
internal sealed record FiringWrite(ScheduleRow Schedule, IReadOnlyList<FiringRow> Firings, DateTimeOffset? Next);

/// <content>Schedules. Whoever moves the due time of one on has fired it; everyone else gets <see cref="InstanceChangedException"/>.</content>
internal sealed partial class WorkflowStore
{
    /// <summary>Published definitions that an event of this name starts, by the activity that waits for it.</summary>
    public async Task<IReadOnlyList<(string DefinitionId, string ActivityId)>> EventTriggersAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var rows = await db.Schedules.Where(s => s.Kind == nameof(TriggerKind.Event) && s.Expression == name && !s.Paused)
            .Select(s => new { s.DefinitionId, s.ActivityId }).ToListAsync(cancellationToken);
        return [.. rows.Select(r => (r.DefinitionId, r.ActivityId))];
    }

    /// <summary>All schedules, by definition and activity; with a time, those that are due by then and not paused, the earliest first.</summary>
    public async Task<IReadOnlyList<ScheduleRow>> SchedulesAsync(DateTimeOffset? due, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var schedules = db.Schedules.AsNoTracking();
        if (due is { } now) schedules = schedules.Where(s => !s.Paused && s.Due <= now);
        return await (due is null ? schedules.OrderBy(s => s.DefinitionId) : schedules.OrderBy(s => s.Due).ThenBy(s => s.DefinitionId))
            .ThenBy(s => s.ActivityId).ToListAsync(cancellationToken);
    }

    public async Task<DateTimeOffset?> NextScheduleAsync(CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await db.Schedules.Where(s => !s.Paused && s.Due != null).MinAsync(s => s.Due, cancellationToken);
    }

    public async Task<FiringRow?> LastFiringAsync(ScheduleRow schedule, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await Firings(db, schedule).AsNoTracking().OrderByDescending(f => f.Due).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>The newest firing whose instance finished, or null.</summary>
    public async Task<FiringRow?> LastFinishedFiringAsync(ScheduleRow schedule, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await Firings(db, schedule).AsNoTracking()
            .Where(f => db.Instances.Any(i => i.Id == f.InstanceId && i.Status == nameof(WorkflowStatus.Finished)))
            .OrderByDescending(f => f.Due).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>An open instance of a definition, whoever started it, or null.</summary>
    public async Task<string?> OpenInstanceAsync(string definitionId, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await OpenInstanceAsync(db, definitionId, cancellationToken);
    }

    /// <summary>Pauses or resumes schedules; one that is resumed is due next at the time given for it.</summary>
    public async Task SetPausedAsync(ScheduleRow schedule, bool paused, DateTimeOffset? due, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        await Schedules(db, schedule).ExecuteUpdateAsync(set => set.SetProperty(s => s.Paused, paused).SetProperty(s => s.Due, due), cancellationToken);
    }

    /// <summary>Who fires the schedules in the place of the process that drives, as the last one said that does not leave them to a later one.</summary>
    public async Task<string?> SchedulesLeftToAsync(CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await db.SchedulesLeft.Select(s => s.To).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>Says who fires the schedules in the place of the process that drives; null: nobody.</summary>
    public async Task LeaveSchedulesToAsync(string? other, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.SchedulesLeft.ExecuteDeleteAsync(cancellationToken);
        if (other is not null) db.SchedulesLeft.Add(new() { To = other });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Stores a firing that started nothing.</summary>
    /// <exception cref="InstanceChangedException">Someone else fired or changed the schedule; nothing was stored.</exception>
    public async Task RecordFiringAsync(FiringWrite write, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await FireAsync(db, write, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Part of the transaction that starts the instance of a firing, or of one that starts nothing.</summary>
    /// <exception cref="InstanceChangedException">Someone else fired or changed the schedule.</exception>
    /// <exception cref="SingletonException">An instance is to start and one is open.</exception>
    public static async Task FireAsync(RuntimeDbContext db, FiringWrite write, CancellationToken cancellationToken)
    {
        var schedule = write.Schedule;
        // A change of nothing to all triggers of the definition, so that two of them are not fired at once.
        await db.Schedules.Where(s => s.DefinitionId == schedule.DefinitionId)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.SkipUnchanged, s => s.SkipUnchanged), cancellationToken);
        var moved = await Schedules(db, schedule).Where(s => s.Due == schedule.Due && s.Paused == schedule.Paused)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.Due, write.Next), cancellationToken);
        if (moved == 0) throw new InstanceChangedException($"The schedule '{schedule.ActivityId}' of '{schedule.DefinitionId}' was fired or changed by someone else.");

        var (first, last) = (write.Firings.Min(f => f.Due), write.Firings.Max(f => f.Due));
        var there = await Firings(db, schedule).Where(f => f.Due >= first && f.Due <= last).Select(f => f.Due).ToListAsync(cancellationToken);
        if (write.Firings.FirstOrDefault(f => f.InstanceId is not null) is { } start)
        {
            if (there.Contains(start.Due))
                throw new InstanceChangedException($"The schedule '{schedule.ActivityId}' of '{schedule.DefinitionId}' was fired for {start.Due:u} already.");
            if (await OpenInstanceAsync(db, schedule.DefinitionId, cancellationToken) is { } open) throw Overlap(schedule.DefinitionId, open);
        }
        db.Firings.AddRange(write.Firings.Where(f => !there.Contains(f.Due)));
    }

    public async Task<bool> HasFiredAsync(ScheduleRow schedule, DateTimeOffset due, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await Firings(db, schedule).AnyAsync(f => f.Due == due, cancellationToken);
    }

    public static SingletonException Overlap(string definitionId, string open) =>
        new($"Instance {open} is open, and a scheduled '{definitionId}' never overlaps another one.");

    static async Task SyncSchedulesAsync(RuntimeDbContext db, WorkflowDefinition definition, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (id, triggers) = (definition.DefinitionId, WorkflowTriggers.Of(definition));
        var ids = triggers.Select(t => t.ActivityId).ToList();
        await db.Schedules.Where(s => s.DefinitionId == id && !ids.Contains(s.ActivityId)).ExecuteDeleteAsync(cancellationToken);
        if (triggers.Count == 0) return;
        var settings = ScheduleSettings.Of(definition);
        var there = await db.Schedules.AsNoTracking().Where(s => s.DefinitionId == id).ToDictionaryAsync(s => s.ActivityId, cancellationToken);
        foreach (var trigger in triggers)
        {
            var (kind, old) = (trigger.Kind.ToString(), there.GetValueOrDefault(trigger.ActivityId));
            var isSame = old is { Due: not null } && old.Kind == kind && old.Expression == trigger.Expression && old.Zone == settings.Zone;
            var row = new ScheduleRow
            {
                DefinitionId = id,
                ActivityId = trigger.ActivityId,
                Kind = kind,
                Expression = trigger.Expression,
                Zone = settings.Zone,
                Missed = settings.Missed.ToString(),
                SkipUnchanged = settings.SkipUnchanged,
                Paused = old?.Paused ?? false,
                Due = isSame ? old!.Due : FirstDue(definition, trigger, settings, now),
            };
            if (old is null) db.Schedules.Add(row);
            else db.Schedules.Update(row);
        }
    }

    static DateTimeOffset? FirstDue(WorkflowDefinition definition, WorkflowTrigger trigger, ScheduleSettings settings, DateTimeOffset now)
    {
        try
        {
            return trigger.Next(now, ScheduleSettings.ZoneOf(settings.Zone, definition.Source));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{definition.Source}: activity '{trigger.ActivityId}': {e.Message.TrimEnd('.')}.", e);
        }
    }

    static Task<string?> OpenInstanceAsync(RuntimeDbContext db, string definitionId, CancellationToken cancellationToken) =>
        db.Instances.Where(i => i.DefinitionId == definitionId && (i.Status == nameof(WorkflowStatus.Running) || i.Status == nameof(WorkflowStatus.Suspended)))
            .OrderByDescending(i => i.CreatedAt).Select(i => i.Id).FirstOrDefaultAsync(cancellationToken);

    static IQueryable<ScheduleRow> Schedules(RuntimeDbContext db, ScheduleRow schedule) =>
        db.Schedules.Where(s => s.DefinitionId == schedule.DefinitionId && s.ActivityId == schedule.ActivityId);

    static IQueryable<FiringRow> Firings(RuntimeDbContext db, ScheduleRow schedule) =>
        db.Firings.Where(f => f.DefinitionId == schedule.DefinitionId && f.ActivityId == schedule.ActivityId);
}
