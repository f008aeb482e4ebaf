using System.Globalization;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Schedules;

/// <summary>A time at which a schedule was due, and why nothing starts for it; null: an instance starts for it.</summary>
internal sealed record DueTime(DateTimeOffset Due, string? Skipped);

/// <summary>Everything that was due until now, in order, at most one of which starts an instance; and the next time, which is after now.</summary>
internal sealed record DueTimes(IReadOnlyList<DueTime> Past, DateTimeOffset Next)
{
    /// <summary>How many times that were left out are listed one by one; the rest stands in the reason of one more.</summary>
    public const int Listed = 100;

    /// <summary>How far is counted; a trigger of every second is down for less than three hours then.</summary>
    const int Counted = 10_000;

    /// <summary>A trigger that is later than this was missed; before that it is only slow.</summary>
    static readonly TimeSpan OnTime = TimeSpan.FromMinutes(1);

    /// <param name="due">The oldest time that nothing was done for; not after <paramref name="now"/>.</param>
    /// <exception cref="InvalidDataException">The trigger's expression cannot be read or never fires again.</exception>
    public static DueTimes Of(WorkflowTrigger trigger, TimeZoneInfo zone, MissedTimes missed, DateTimeOffset due, DateTimeOffset now)
    {
        var times = new List<DateTimeOffset>();
        var next = due;
        while (next <= now && times.Count < Counted)
        {
            times.Add(next);
            next = After(next);
        }
        var isCounted = next > now;
        var newest = isCounted ? times[^1] : Newest(trigger, zone, due, now);
        if (!isCounted) next = After(newest);

        var runs = missed == MissedTimes.Once || now - newest <= OnTime;
        var reason = runs
            ? $"missed; made up for by the one due at {Text(newest)}"
            : "missed by more than a minute, and scheduleMissed is skip";
        List<DateTimeOffset> left = [.. runs ? times.Where(t => t != newest) : times];
        var past = left.Take(Listed).Select(t => new DueTime(t, reason)).ToList();
        if (left.Count > Listed || !isCounted) past.Add(Rest(left, isCounted ? null : newest, reason));
        if (runs) past.Add(new(newest, null));
        return new(past, next);

        DateTimeOffset After(DateTimeOffset time) => trigger.Next(time, zone)
            ?? throw new InvalidDataException($"a trigger of kind {trigger.Kind} fires at no time of its own.");
    }

    static DueTime Rest(List<DateTimeOffset> left, DateTimeOffset? uncountedUntil, string reason)
    {
        var last = uncountedUntil ?? left[^1];
        var count = $"{(uncountedUntil is null ? "" : "more than ")}{left.Count - Listed}";
        return new(left[Listed], $"{reason}; this row stands for {count} times, up to {Text(last)}");
    }

    // Only for triggers that are due often, so a short stretch before now holds one.
    static DateTimeOffset Newest(WorkflowTrigger trigger, TimeZoneInfo zone, DateTimeOffset due, DateTimeOffset now)
    {
        if (trigger.Kind == TriggerKind.Timer)
        {
            var interval = trigger.Next(due, zone)!.Value - due;
            return due.AddTicks((now - due).Ticks / interval.Ticks * interval.Ticks);
        }
        var stretch = TimeSpan.FromMinutes(1);
        while (trigger.Next(now - stretch, zone) > now) stretch *= 2;
        var newest = now - stretch;
        while (trigger.Next(newest, zone) is { } later && later <= now) newest = later;
        return newest;
    }

    static string Text(DateTimeOffset time) => time.ToUniversalTime().ToString("u", CultureInfo.InvariantCulture);
}
