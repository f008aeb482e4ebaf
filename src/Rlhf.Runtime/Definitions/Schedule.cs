using System.Globalization;
using Cronos;

namespace Rlhf.Runtime.Definitions;

/// <summary>Times from texts: cron expressions of five fields, or six with seconds first, and time spans such as <c>1.06:30:00</c>.</summary>
internal static class Schedule
{
    /// <summary>The first time after <paramref name="after"/>.</summary>
    /// <exception cref="InvalidDataException">The text is no cron expression, or one that never fires.</exception>
    public static DateTimeOffset Next(string cron, DateTimeOffset after, TimeZoneInfo zone) =>
        Parse(cron).GetNextOccurrence(after, zone)
        ?? throw new InvalidDataException($"the cron expression '{cron}' never fires; expected one with a time that comes");

    /// <summary>A wait that is shorter would start instances, or go round in a loop, faster than they are run.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <exception cref="InvalidDataException">The text is no time span, or shorter than a second.</exception>
    public static TimeSpan Interval(string text) =>
        Span(text) is var span && span >= Shortest ? span
        : throw new InvalidDataException($"the interval is '{text}'; expected a time span of at least {Shortest} such as 00:30:00");

    /// <exception cref="InvalidDataException">The text is no time span.</exception>
    public static TimeSpan Span(string text) =>
        TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span) ? span
        : throw new InvalidDataException($"the time span is '{text}'; expected one such as 00:30:00 or 1.06:30:00");

    static CronExpression Parse(string cron)
    {
        try
        {
            var fields = cron.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
            return CronExpression.Parse(cron, fields == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard);
        }
        catch (CronFormatException e)
        {
            throw new InvalidDataException($"'{cron}' is no cron expression of five fields, or six with seconds first: {e.Message.TrimEnd('.')}", e);
        }
    }
}
