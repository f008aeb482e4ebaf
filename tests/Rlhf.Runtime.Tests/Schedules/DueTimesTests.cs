using System.Globalization;
using CsCheck;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Schedules;

namespace Rlhf.Runtime.Tests;

/// <summary>Which times were due between the last one and now, and what becomes of each.</summary>
public class DueTimesTests
{
    static readonly WorkflowTrigger Daily = new("daily", TriggerKind.Cron, "0 3 * * *");
    static readonly WorkflowTrigger EverySecond = new("second", TriggerKind.Cron, "* * * * * *");

    [Fact]
    public void What_is_due_now_starts_an_instance()
    {
        var times = DueTimes.Of(Daily, TimeZoneInfo.Utc, MissedTimes.Once, At("2025-03-01 03:00"), At("2025-03-01 03:00"));

        Assert.Equal([new(At("2025-03-01 03:00"), null)], times.Past);
        Assert.Equal(At("2025-03-02 03:00"), times.Next);
    }

    [Fact]
    public void One_run_makes_up_for_all_that_was_missed()
    {
        var times = DueTimes.Of(Daily, TimeZoneInfo.Utc, MissedTimes.Once, At("2025-03-01 03:00"), At("2025-03-04 02:00"));

        const string reason = "missed; made up for by the one due at 2025-03-03 03:00:00Z";
        Assert.Equal([new(At("2025-03-01 03:00"), reason), new(At("2025-03-02 03:00"), reason), new(At("2025-03-03 03:00"), null)], times.Past);
        Assert.Equal(At("2025-03-04 03:00"), times.Next);
    }

    [Fact]
    public void What_was_missed_is_skipped_where_the_policy_says_so()
    {
        var times = DueTimes.Of(Daily, TimeZoneInfo.Utc, MissedTimes.Skip, At("2025-03-01 03:00"), At("2025-03-03 03:05"));

        Assert.Equal(["missed by more than a minute, and scheduleMissed is skip"], times.Past.Select(t => t.Skipped).Distinct());
        Assert.Equal([At("2025-03-01 03:00"), At("2025-03-02 03:00"), At("2025-03-03 03:00")], times.Past.Select(t => t.Due));
        Assert.Equal(At("2025-03-04 03:00"), times.Next);
    }

    [Fact]
    public void What_is_a_little_late_is_not_missed()
    {
        var times = DueTimes.Of(Daily, TimeZoneInfo.Utc, MissedTimes.Skip, At("2025-03-01 03:00"), At("2025-03-02 03:01"));

        Assert.Equal([At("2025-03-02 03:00")], times.Past.Where(t => t.Skipped is null).Select(t => t.Due));
    }

    [Fact]
    public void A_trigger_of_every_second_leaves_a_bounded_list_after_a_year()
    {
        var times = DueTimes.Of(EverySecond, TimeZoneInfo.Utc, MissedTimes.Once, At("2024-03-01 00:00"), At("2025-03-01 00:00"));

        Assert.Equal(DueTimes.Listed + 2, times.Past.Count);
        Assert.Equal(new(At("2025-03-01 00:00"), null), times.Past[^1]);
        Assert.EndsWith("; this row stands for more than 9900 times, up to 2025-03-01 00:00:00Z", times.Past[^2].Skipped);
        Assert.Equal(At("2025-03-01 00:00").AddSeconds(1), times.Next);
    }

    [Fact]
    public void What_is_not_listed_is_counted()
    {
        var times = DueTimes.Of(EverySecond, TimeZoneInfo.Utc, MissedTimes.Skip, At("2025-03-01 00:00"), At("2025-03-01 00:10"));

        // 601 were due until then; the one now is on time.
        Assert.Equal(DueTimes.Listed + 2, times.Past.Count);
        Assert.EndsWith("; this row stands for 500 times, up to 2025-03-01 00:09:59Z", times.Past[^2].Skipped);
    }

    [Theory]
    [InlineData("06:00:00", "2025-03-02 13:00", "2025-03-02 12:00", "2025-03-02 18:00")]
    [InlineData("00:00:07", "2025-03-02 00:00", "2025-03-01 23:59:54", "2025-03-02 00:00:01")]
    public void A_timer_stays_on_its_own_grid(string interval, string now, string newest, string next)
    {
        var times = DueTimes.Of(new("timer", TriggerKind.Timer, interval), TimeZoneInfo.Utc, MissedTimes.Once, At("2025-03-01 00:00"), At(now));

        Assert.Equal((At(newest), At(next)), (times.Past[^1].Due, times.Next));
    }

    [Theory]
    [InlineData("30 2 * * *", "2025-03-29 01:30", "2025-03-30 01:00")] // 02:30 does not exist on the 30th: 03:00, the moment after the gap
    [InlineData("30 2 * * *", "2025-03-30 01:00", "2025-03-31 00:30")]
    [InlineData("30 2 * * *", "2025-10-25 00:30", "2025-10-26 00:30")] // 02:30 comes twice on the 26th: the first one
    [InlineData("30 2 * * *", "2025-10-26 00:30", "2025-10-27 01:30")]
    [InlineData("0 * * * *", "2025-10-26 00:00", "2025-10-26 01:00")] // every hour: both
    public void Summer_time_is_the_time_zones(string cron, string due, string next)
    {
        var berlin = ScheduleSettings.ZoneOf("Europe/Berlin", "test");

        var times = DueTimes.Of(new("cron", TriggerKind.Cron, cron), berlin, MissedTimes.Once, At(due), At(due));

        Assert.Equal((At(due), At(next)), (times.Past.Single().Due, times.Next));
    }

    [Fact]
    public void Whatever_was_due_each_time_is_listed_once_in_order_and_the_next_one_is_after_now()
    {
        var triggers = OneOf("0 3 * * *", "*/7 * * * *", "0 0 1 * *", "30 2 * * 0", "15 30 */5 * * *")
            .Select(cron => new WorkflowTrigger("cron", TriggerKind.Cron, cron));
        var zones = OneOf("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe").Select(z => ScheduleSettings.ZoneOf(z, "test"));

        Gen.Select(triggers, zones, Gen.Enum<MissedTimes>(), Gen.Int[0, 500_000], Gen.Int[0, 100_000]).Sample((trigger, zone, missed, start, minutes) =>
        {
            var due = trigger.Next(At("2025-01-01 00:00").AddMinutes(start), zone)!.Value;
            var now = due.AddMinutes(minutes);

            var times = DueTimes.Of(trigger, zone, missed, due, now);

            Assert.True(times.Next > now);
            Assert.Equal(due, times.Past[0].Due);
            Assert.All(times.Past.Zip(times.Past.Skip(1)), pair => Assert.True(pair.First.Due < pair.Second.Due));
            Assert.All(times.Past.SkipLast(1), t => Assert.NotNull(t.Skipped));
            Assert.True(times.Past.Count <= DueTimes.Listed + 2);
            if (missed == MissedTimes.Once) Assert.Equal(times.Next, trigger.Next(times.Past.Single(t => t.Skipped is null).Due, zone));
        }, iter: 500);
    }

    static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    static DateTimeOffset At(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
