using System.Text.Json.Nodes;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Comparisons;

/// <summary>How long judgements are waited for, who is told, who is asked next, and what is enough.</summary>
public sealed class CollectJudgementsTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    static JsonObject HParams(double deadline = 0, double reminder = 0, double least = 1, string to = "", int each = 1) => new()
    {
        ["deadlineHours"] = deadline,
        ["reminderHours"] = reminder,
        ["leastShare"] = least,
        ["escalateTo"] = to,
        ["judgementsPerComparison"] = each,
        ["simulatedLateShare"] = 0.0,
    };

    static int Number(JsonNode? data, string field) => int.Parse($"{data![field]}", null);

    [Fact]
    public async Task Without_a_deadline_nothing_ends_the_wait_but_the_last_answer()
    {
        using var run = await PatientRun.AskingAsync(HParams());
        for (var i = 0; i < 3; i++)
        {
            await run.LookAsync();
            run.People.Answer($"c{i}", "ann");
            run.Time.Advance(1000 * Hour);
        }

        var still = Assert.IsType<StepResult.Waiting>(await run.LookAsync());
        run.People.Answer("c3", "ann");
        var done = await run.LookAsync();

        Assert.Equal("1 judgements have not come yet", still.Reason);
        Assert.Equal(4, (await run.JudgementsAsync(done)).Count);
        Assert.Equal(["judgements.jsonl"], (await run.Artifacts.ManifestAsync(PatientRun.ReferenceOf(done), Token)).Files.Select(f => f.Path));
        Assert.Empty(run.Notifications.Taken);
    }

    [Fact]
    public async Task At_the_deadline_enough_judgements_are_gone_on_with_and_those_that_are_missing_are_named()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 24, least: 0.5, each: 2));
        var first = Assert.IsType<StepResult.Waiting>(await run.LookAsync());
        foreach (var (comparison, name) in new[] { ("c0", "ann"), ("c0", "bob"), ("c1", "ann"), ("c2", "ann") }) run.People.Answer(comparison, name);

        run.Time.Advance(24 * Hour);
        var over = Assert.IsType<StepResult.Waiting>(await run.LookAsync());
        var done = await run.LookAsync();

        Assert.Equal((run.Time.Start + 24 * Hour, "8 judgements have not come yet; at 2026-03-02T09:00:00Z 4 of 8 are enough"), (first.Deadline, first.Reason));
        Assert.Equal((run.Time.Start + 24 * Hour, 0), (over.Deadline, over.Events.Count));
        Assert.Equal(["c0", "c0", "c1", "c2"], (await run.JudgementsAsync(done)).Select(j => j.ComparisonId));
        Assert.Equal(
            [new("c1", 2, 1), new("c2", 2, 1), new MissingJudgements("c3", 2, 0)],
            await run.Artifacts.ReadLinesAsync<MissingJudgements>(PatientRun.ReferenceOf(done), "missing.jsonl", Token));
        Assert.Equal("collect: 4 of 8 judgements never came and the round goes on without them, 4 being enough; 1 of 4 comparisons have none.", Assert.Single(run.Said.Notices));
        Assert.False(run.People.Answer("c3", "ann"));
        var told = Assert.Single(run.Notifications.Taken);
        Assert.Equal("judgements.deadline", told.Type);
        Assert.Equal(
            """{"instance":"i","workflow":"some-round","activity":"collect","labeler":"people","asked":8,"judged":4,"missing":4,"deadline":"2026-03-02T09:00:00Z","least":4}""",
            told.Data.ToJsonString());
    }

    [Fact]
    public async Task With_fewer_than_the_least_it_fails_with_both_numbers_and_trying_again_waits_for_another_deadline()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 24, least: 0.75));
        await run.LookAsync();
        run.People.Answer("c0", "ann");
        run.People.Answer("c1", "ann");
        run.Time.Advance(24 * Hour);
        await run.LookAsync();

        var failed = Assert.IsType<StepResult.Failed>(await run.LookAsync());
        // Somebody sees it days later; what came meanwhile counts.
        run.Time.Advance(100 * Hour);
        var again = Assert.IsType<StepResult.Waiting>(await run.LookAsync());
        run.Time.Advance(23 * Hour);
        var still = await run.LookAsync();
        run.People.Answer("c2", "ann");
        run.Time.Advance(Hour);
        await run.LookAsync();
        var done = await run.LookAsync();

        Assert.Equal("2 of 4 judgements came by 2026-03-02T09:00:00Z, the deadline of 'people'; expected at least 3 ('leastShare' 0.75). Trying again waits for another 24 hours.", failed.Reason);
        Assert.False(failed.Transient);
        Assert.Equal(run.Time.Start + 148 * Hour, again.Deadline);
        Assert.IsType<StepResult.Waiting>(still);
        Assert.Equal(3, (await run.JudgementsAsync(done)).Count);
        Assert.Equal(2, run.Notifications.Taken.Select(n => n.Id).Distinct().Count());
        Assert.Single(run.People.Asked);
    }

    [Fact]
    public async Task No_judgement_at_all_is_never_enough()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 1, least: 0));

        var failed = Assert.IsType<StepResult.Failed>(await run.UntilAsync(run.Time.Start + 2 * Hour));

        Assert.StartsWith("0 of 4 judgements came by 2026-03-01T10:00:00Z, the deadline of 'people'; expected at least 1", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_the_deadline_another_labeler_is_asked_for_what_is_missing_and_for_nothing_else()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 24, to: "simulated", each: 3));
        await run.LookAsync();
        foreach (var (comparison, name) in new[] { ("c0", "ann"), ("c0", "bob"), ("c0", "cem"), ("c1", "ann"), ("c3", "bob") }) run.People.Answer(comparison, name, Side.Tie);

        var done = await run.UntilAsync(run.Time.Start + 25 * Hour);

        var judgements = await run.JudgementsAsync(done);
        Assert.All(judgements.GroupBy(j => j.ComparisonId), of => Assert.Equal((3, 3), (of.Count(), of.Select(j => j.Labeler).Distinct().Count())));
        Assert.Equal(["c0", "c0", "c0", "c1", "c1", "c1", "c2", "c2", "c2", "c3", "c3", "c3"], judgements.Select(j => j.ComparisonId));
        Assert.Equal(["ann", "bob", "cem", "ann", "bob"], judgements.Where(j => !j.Simulated).Select(j => j.Labeler));
        Assert.False(run.People.Answer("c2", "ann"));
        Assert.Equal(["judgements.deadline", "judgements.escalated"], run.Notifications.Types);
        Assert.Equal("simulated", (string?)run.Notifications.Taken[1].Data["escalatedTo"]);
        Assert.Equal((12, 5, 7), (Number(run.Notifications.Taken[1].Data, "asked"), Number(run.Notifications.Taken[1].Data, "judged"), Number(run.Notifications.Taken[1].Data, "missing")));
    }

    [Fact]
    public async Task A_labeler_who_has_nothing_more_to_give_is_not_waited_for()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 1000, to: "simulated"));
        await run.LookAsync();
        run.People.Answer("c1", "ann");
        run.People.IsDone = true;

        var done = await run.UntilAsync(run.Time.Start);

        Assert.Equal([true, false, true, true], (await run.JudgementsAsync(done)).Select(j => j.Simulated));
        Assert.Equal(["judgements.escalated"], run.Notifications.Types);
    }

    [Fact]
    public async Task People_who_are_asked_for_the_rest_are_reminded_and_their_deadline_counts_from_then()
    {
        // All of the simulated answers come late, after the deadline.
        var hparams = HParams(deadline: 24, reminder: 10, least: 0.5, to: "people", each: 2);
        hparams["simulatedLateShare"] = 1.0;
        hparams["simulatedLateSeconds"] = 1e6;
        using var run = await PatientRun.AskingAsync(hparams, labeler: "simulated");
        await run.UntilAsync(run.Time.Start + 24 * Hour);
        var request = Assert.Single(run.People.Asked);
        foreach (var comparison in new[] { "c0", "c1" })
        {
            foreach (var name in new[] { "ann", "bob" }) run.People.Answer(comparison, name);
        }

        var done = await run.UntilAsync(run.Time.Start + 100 * Hour);

        Assert.Equal(run.Time.Start + 48 * Hour, run.Time.GetUtcNow());
        Assert.Equal(4, (await run.JudgementsAsync(done)).Count);
        Assert.Equal((4, 2), (request.Questions.Count, request.JudgementsPerQuestion));
        Assert.Equal(
            ["judgements.reminder", "judgements.reminder", "judgements.deadline", "judgements.escalated", "judgements.reminder", "judgements.reminder", "judgements.deadline"], run.Notifications.Types);
        Assert.Equal(7, run.Notifications.Taken.Select(n => n.Id).Distinct().Count());
        Assert.Equal(["simulated", "simulated", "simulated", "simulated", "people", "people", "people"], run.Notifications.Taken.Select(n => (string?)n.Data["labeler"]));
    }

    [Fact]
    public async Task Reminders_come_at_their_times_each_once_however_often_the_step_is_woken()
    {
        using var run = await PatientRun.AskingAsync(HParams(reminder: 12));
        for (var i = 0; i < 36 * 4; i++)
        {
            await run.LookAsync();
            run.Time.Advance(Hour / 4);
        }
        await run.LookAsync();
        foreach (var comparison in run.Comparisons) run.People.Answer(comparison.Id, "ann");
        run.Time.Advance(100 * Hour);

        Assert.IsType<StepResult.Completed>(await run.LookAsync());

        Assert.Equal([12, 24, 36], run.Notifications.Taken.Select(n => (int)(n.At - run.Time.Start).TotalHours));
        Assert.Equal([1, 2, 3], run.Notifications.Taken.Select(n => Number(n.Data, "reminder")));
    }

    [Fact]
    public async Task A_look_that_was_cut_off_after_sending_sends_under_the_same_id_again()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 24, reminder: 10, to: "simulated"));
        await run.LookAsync();
        foreach (var hours in new[] { 10, 20, 24, 24 })
        {
            if (run.Time.Start + hours * Hour is var at && at > run.Time.GetUtcNow()) run.Time.SetUtcNow(at);
            await run.LookAsync(isLost: true);
            run.Time.Advance(TimeSpan.FromSeconds(3));
            await run.LookAsync();
        }

        var done = await run.LookAsync();

        var ids = run.Notifications.Taken.Select(n => n.Id).ToList();
        Assert.Equal(["judgements.reminder", "judgements.reminder", "judgements.deadline", "judgements.escalated"], run.Notifications.Taken.Where((_, i) => i % 2 == 0).Select(n => n.Type));
        Assert.Equal(ids.Where((_, i) => i % 2 == 0), ids.Where((_, i) => i % 2 == 1));
        Assert.Equal(4, ids.Distinct().Count());
        Assert.DoesNotContain(ids, id => id.Contains('.', StringComparison.Ordinal));
        Assert.Equal(4, (await run.JudgementsAsync(done)).Count);
    }

    [Fact]
    public async Task A_clock_that_is_behind_neither_repeats_a_reminder_nor_takes_the_deadline_back()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 24, reminder: 10, to: "simulated"));
        await run.LookAsync();
        run.Time.Advance(21 * Hour);
        await run.LookAsync();

        // Another machine goes on, by whose clock it is eleven hours earlier.
        var behind = await Behind(run, 11 * Hour);
        run.Time.SetUtcNow(run.Time.Start + 24 * Hour);
        await run.LookAsync();
        var over = run.State;
        var escalates = await Behind(run, 12 * Hour);

        Assert.Equal(run.Time.Start + 24 * Hour, Assert.IsType<StepResult.Waiting>(behind).Deadline);
        Assert.Contains("\"isOver\":true", over, StringComparison.Ordinal);
        Assert.Contains("'simulated' is asked for 4 of 4 judgements", Assert.IsType<StepResult.Waiting>(escalates).Reason, StringComparison.Ordinal);
        Assert.Equal(["judgements.reminder", "judgements.deadline", "judgements.escalated"], run.Notifications.Types);

        static async Task<StepResult> Behind(PatientRun run, TimeSpan by)
        {
            run.Time.AdjustTime(run.Time.GetUtcNow() - by);
            return await run.LookAsync();
        }
    }

    [Fact]
    public async Task A_receiver_that_is_away_holds_nothing_up_and_gets_what_it_missed_later_but_of_reminders_the_newest_only()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 24, reminder: 5, to: "simulated"));
        run.Notifications.IsAway = true;
        await run.LookAsync();
        run.Time.Advance(5 * Hour);
        var soon = Assert.IsType<StepResult.Waiting>(await run.LookAsync());
        run.Time.Advance(5 * Hour);
        await run.LookAsync();
        run.Notifications.IsAway = false;
        run.Time.Advance(TimeSpan.FromMinutes(10));
        await run.LookAsync();
        await run.LookAsync();
        var back = run.Notifications.Taken.ToList();

        run.Notifications.IsAway = true;
        var done = await run.UntilAsync(run.Time.Start + 30 * Hour);

        Assert.Equal(run.Time.Start + 5 * Hour + TimeSpan.FromMinutes(10), soon.Deadline);
        Assert.Equal(2, Number(Assert.Single(back).Data, "reminder"));
        Assert.Equal(4, (await run.JudgementsAsync(done)).Count);
        Assert.Equal("collect: Not sent, since the notifications' receiver did not take them: judgements.deadline, judgements.escalated.", Assert.Single(run.Said.Notices));
    }

    [Fact]
    public async Task A_wait_that_an_earlier_version_began_goes_on()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 24));
        await run.LookAsync();
        run.People.Answer("c0", "ann");

        var wait = JudgementWait.Of(new JsonObject { ["askedAt"] = run.Time.Start - 2 * Hour });

        Assert.Equal((run.Time.Start - 2 * Hour, run.Time.Start + 22 * Hour), (wait!.AskedAt, wait.Deadline(new() { DeadlineHours = 24 })));
    }

    [Theory]
    [InlineData(0.0, 0.0, 1.0, "simulated", "'escalateTo' is 'simulated' and 'deadlineHours' is 0; expected a deadline, at which that labeler is asked.")]
    [InlineData(0.0, 0.0, 0.5, "", "'leastShare' is 0.5 and 'deadlineHours' is 0; expected a deadline, at which fewer than all judgements are enough.")]
    [InlineData(1.0, 0.001, 1.0, "", "'reminderHours' is 0.001; expected 0, or 0.01 and up.")]
    [InlineData(1.0, 0.0, 1.0, "people", "'escalateTo' is 'people', who is asked already; expected another labeler, or none.")]
    [InlineData(1.0, 0.0, 1.0, "judge", "'judge' is no known labeler; known are people, simulated.")]
    [InlineData(-1.0, 0.0, 1.0, "", "'deadlineHours' is -1; expected 0 to 100000.")]
    [InlineData(1.0, 0.0, 1.5, "", "'leastShare' is 1.5; expected 0 to 1.")]
    public async Task What_cannot_be_meant_is_refused_before_anybody_is_asked(double deadline, double reminder, double least, string to, string reason)
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline, reminder, least, to));

        var failed = Assert.IsType<StepResult.Failed>(await run.LookAsync());

        Assert.EndsWith(reason, failed.Reason, StringComparison.Ordinal);
        Assert.Empty(run.People.Asked);
    }

    [Fact]
    public async Task A_labeler_who_gives_more_than_was_asked_for_is_an_error()
    {
        using var run = await PatientRun.AskingAsync(HParams());
        await run.LookAsync();
        foreach (var name in new[] { "ann", "bob" })
        {
            foreach (var comparison in run.Comparisons) run.People.Answer(comparison.Id, name);
        }

        Assert.Equal("Labeler 'people' gave 2 judgements of comparison c0; expected 1 at most.", Assert.IsType<StepResult.Failed>(await run.LookAsync()).Reason);
    }

    [Fact]
    public async Task Whatever_is_missing_is_made_up_for_by_nothing_later()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 1, least: 0.5));
        await run.LookAsync();
        foreach (var comparison in new[] { "c0", "c1" }) run.People.Answer(comparison, "ann");
        var judgements = PatientRun.ReferenceOf(await run.UntilAsync(run.Time.Start + 2 * Hour));

        var collected = await JudgementSets.ReadCollectedAsync(run.Artifacts, judgements, run.Comparisons, Token);

        Assert.Equal([(1, 0), (1, 0), (0, 1), (0, 1)], collected.Select(c => (c.Judgements.Count, c.Missing)));
        var stranger = Some.Comparison(id: "another");
        var unknown = await Assert.ThrowsAsync<InvalidDataException>(() => JudgementSets.ReadCollectedAsync(run.Artifacts, judgements, [stranger], Token));
        Assert.Equal("Comparison another has no judgement.", unknown.Message);
    }

    [Fact]
    public async Task What_a_labeler_could_not_judge_is_asked_of_the_other_one_and_both_keep_their_files()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 1, to: "simulated"));
        await run.LookAsync();
        foreach (var comparison in new[] { "c0", "c1", "c2" }) run.People.Answer(comparison, "ann");
        (run.People.IsDone, run.People.Remark) = (true, "no usable verdict on 1 of 4");
        run.People.Files["judge.json"] = [1, 2, 3];

        var done = await run.UntilAsync(run.Time.Start + Hour);

        Assert.Equal(["ann", "ann", "ann"], (await run.JudgementsAsync(done)).Take(3).Select(j => j.Labeler));
        Assert.Equal(4, (await run.JudgementsAsync(done)).Count);
        Assert.Equal([1, 2, 3], await run.Artifacts.ReadFileAsync(PatientRun.ReferenceOf(done), "judge.json", Token));
        Assert.DoesNotContain((await run.Artifacts.ManifestAsync(PatientRun.ReferenceOf(done), Token)).Files, f => f.Path == "missing.jsonl");
    }

    [Fact]
    public async Task What_a_labeler_could_not_judge_fails_with_its_reason_where_nobody_else_is_asked_and_all_are_needed()
    {
        using var run = await PatientRun.AskingAsync(HParams());
        await run.LookAsync();
        foreach (var comparison in new[] { "c0", "c1", "c2" }) run.People.Answer(comparison, "ann");
        (run.People.IsDone, run.People.Remark) = (true, "no usable verdict on 1 of 4");

        var failed = Assert.IsType<StepResult.Failed>(await run.LookAsync());

        Assert.Equal("Labeler 'people' gave 3 of 4 judgements and has nothing more to come (no usable verdict on 1 of 4); expected at least 4.", failed.Reason);
    }

    [Fact]
    public async Task While_the_place_of_the_questions_cannot_be_reached_nothing_is_decided_and_reminders_go_on()
    {
        using var run = await PatientRun.AskingAsync(HParams(deadline: 2, reminder: 1, least: 0.5));
        await run.LookAsync();
        run.People.Answer("c0", "ann");
        await run.LookAsync();
        run.People.Trouble = "it is away";

        run.Time.Advance(3 * Hour);
        var away = Assert.IsType<StepResult.Waiting>(await run.LookAsync());
        run.Notifications.IsAway = true;
        run.Time.Advance(Hour);
        await run.LookAsync();
        run.Notifications.IsAway = false;
        var still = Assert.IsType<StepResult.Waiting>(await run.LookAsync()); // no reminder is due, and one was not sent
        run.People.Trouble = null;
        foreach (var comparison in new[] { "c1", "c2", "c3" }) run.People.Answer(comparison, "ann");
        var done = await run.LookAsync();

        Assert.Equal(("it is away", "it is away"), (away.Reason, still.Reason));
        Assert.Equal(["judgements.reminder", "judgements.reminder"], run.Notifications.Types);
        Assert.Equal(4, (await run.JudgementsAsync(done)).Count);
    }
}
