using System.Collections.Concurrent;
using System.Diagnostics;
using Rlhf.Adapters.Judge;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Judge;

/// <summary>What becomes of an asking when the endpoint does not do its part: no verdict is made up, and no answer is lost.</summary>
public sealed class JudgeFaultTests : IAsyncLifetime
{
    StubJudge _stub = null!;
    SomeJudge _some = null!;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stub = await StubJudge.StartAsync();
        _some = new(_stub);
    }

    public async ValueTask DisposeAsync()
    {
        _some.Dispose();
        await _stub.DisposeAsync();
    }

    public static TheoryData<string, Reply> Passing => new()
    {
        { "too many", new Reply.Refuse(429, RetryAfter: 1) },
        { "500", new Reply.Refuse(500) },
        { "503", new Reply.Refuse(503, "<html>busy</html>") },
        { "break", new Reply.Break() },
    };

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task A_passing_failure_is_asked_again(string name, Reply fault)
    {
        Assert.NotEmpty(name);
        _stub.Replies = asked => asked.Number == 1 ? fault : StubJudge.Longer(asked);

        var clock = Stopwatch.StartNew();
        var progress = await _some.AskAsync(SomeJudge.Several(1));

        Assert.Equal(Side.B, Assert.Single(progress.Judgements).Side);
        Assert.Equal(3, _stub.Asked.Count);
        if (fault is Reply.Refuse { RetryAfter: { } seconds }) Assert.True(clock.Elapsed >= TimeSpan.FromSeconds(seconds * 0.9), $"{clock.Elapsed}");
    }

    public static TheoryData<string, Reply, string> Useless => new()
    {
        { "no JSON", new Reply.Say("The first one is better."), "it is no JSON object" },
        { "fenced", new Reply.Say("```json\n{}\n```"), "it is no JSON object" },
        { "more", new Reply.Say("""{"critique":"c","better":"tie","margin":"slight"} so"""), "it is no JSON object" },
        { "no verdict", new Reply.Say("""{"critique":"c"}"""), "it has no 'better'" },
        { "unknown verdict", new Reply.Say("""{"critique":"c","better":"A","margin":"clear"}"""), "'better' is 'A' and not one of first, second, tie" },
        { "verdict before critique", new Reply.Say("""{"better":"first","critique":"c","margin":"clear"}"""), "it has 'better' where 'critique' was expected" },
        { "no critique", new Reply.Say("""{"critique":" ","better":"first","margin":"clear"}"""), "'critique' is empty" },
        { "another field", new Reply.Say("""{"critique":"c","better":"first","margin":"clear","sure":1}"""), "it has 'sure' besides what was expected" },
        { "cut off", new Reply.Say("""{"critique":"It beg""", Finish: "length"), "it was cut off" },
        { "filtered", new Reply.Say("", Finish: "content_filter"), "content filter" },
        { "refusal", new Reply.Say("", Refusal: "I cannot compare these."), "the model refuses: 'I cannot compare these.'" },
        { "empty", new Reply.Say(""), "it is empty" },
        { "malformed", new Reply.Raw("""{"choices":[{"message":"""), "no chat completion" },
        { "another document", new Reply.Raw("""{"error":"no"}"""), "no chat completion" },
    };

    [Theory]
    [MemberData(nameof(Useless))]
    public async Task An_answer_that_cannot_be_used_is_asked_for_once_more_with_the_reason(string name, Reply useless, string reason)
    {
        Assert.NotEmpty(name);
        _stub.Replies = asked => asked.First.Length > asked.Second.Length && !asked.IsRepair ? useless : StubJudge.Longer(asked);

        var progress = await _some.AskAsync(SomeJudge.Several(1));

        Assert.Equal(Side.B, Assert.Single(progress.Judgements).Side);
        var repair = Assert.Single(_stub.Asked, a => a.IsRepair);
        Assert.Contains(reason, repair.Message(repair.Body["messages"]!.AsArray().Count - 1), StringComparison.Ordinal);
        Assert.Equal(3, _stub.Asked.Count);
        Assert.Single(SomeJudge.Verdicts(progress).Single().Orders, o => o.Repaired);
    }

    [Theory]
    [MemberData(nameof(Useless))]
    public async Task An_answer_that_cannot_be_used_twice_is_no_verdict_with_its_reason_and_is_asked_for_at_the_next_look(string name, Reply useless, string reason)
    {
        Assert.NotEmpty(name);
        var broken = true;
        _stub.Replies = asked => broken && asked.First.StartsWith("Rather longer 1", StringComparison.Ordinal) ? useless : StubJudge.Longer(asked);

        var missing = await _some.AskAsync(SomeJudge.Several(4));
        Assert.Equal(7, await _some.KeptAsync());
        broken = false;
        var asked = _stub.Asked.Count;
        var progress = await _some.AskAsync(SomeJudge.Several(4));

        Assert.Equal((["c0", "c2", "c3"], 0), (missing.Judgements.Select(j => j.ComparisonId).ToArray(), missing.Pending), (a, b) => a.Item1.SequenceEqual(b.Item1) && a.Item2 == b.Item2);
        Assert.Contains("no usable verdict on 1 of 4", missing.Remark, StringComparison.Ordinal);
        Assert.Contains(reason, missing.Remark, StringComparison.Ordinal);
        Assert.Contains("\"comparisonId\":\"c1\"", System.Text.Encoding.UTF8.GetString(missing.Files["unusable.jsonl"]), StringComparison.Ordinal);
        Assert.True(progress.Remark is null && !progress.Files.ContainsKey("unusable.jsonl"));
        Assert.Equal((4, 1), (progress.Judgements.Count, _stub.Asked.Count - asked));
    }

    [Theory]
    [InlineData("""{"error":{"message":"The response was filtered.","code":"content_filter"}}""", "content_filter")]
    [InlineData("""{"error":{"message":"Too long for this model.","code":"context_length_exceeded"}}""", "context_length_exceeded")]
    public async Task An_endpoint_that_refuses_one_comparison_is_asked_for_the_others_and_takes_nothing_for_it(string body, string expected)
    {
        _stub.Replies = asked => $"{asked.First} {asked.Second}".Contains("longer 1.", StringComparison.Ordinal) ? new Reply.Refuse(400, body) : StubJudge.Longer(asked);

        var progress = await _some.AskAsync(SomeJudge.Several(3));
        var spent = (await _some.Objects.ListAsync("judge/spent/", Token)).Sum(name => name.Split('-')[^2..].Sum(int.Parse));

        Assert.Equal(["c0", "c2"], progress.Judgements.Select(j => j.ComparisonId));
        Assert.Contains("comparison c1 by ", progress.Remark, StringComparison.Ordinal);
        Assert.Contains(expected, progress.Remark, StringComparison.Ordinal);
        Assert.Equal(4 * (StubJudge.InputTokens + StubJudge.OutputTokens), spent);
    }

    [Fact]
    public async Task Refused_comparisons_that_stand_first_of_many_end_nothing()
    {
        _stub.Replies = asked => $"{asked.First} {asked.Second}".Contains("Short 0", StringComparison.Ordinal) ? new Reply.Say("no") : StubJudge.Longer(asked);

        var several = SomeJudge.Several(200);
        var progress = await _some.AskAsync(several with { Questions = [.. several.Questions.Select((q, i) => i < 6 ? q with { A = $"Short 0{i}." } : q)] });

        // Six, and the one that is called so anyway is one of them.
        Assert.Equal((194, 6), (progress.Judgements.Count, progress.Files["unusable.jsonl"].Count(b => b == '\n')));
        Assert.Contains("; and 1 more", progress.Remark, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_judge_that_says_nothing_usable_is_not_asked_for_ever()
    {
        _stub.Replies = _ => new Reply.Say("no");

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => _some.AskAsync(SomeJudge.Several(100)));

        Assert.Contains("no usable verdict", error.Message, StringComparison.Ordinal);
        Assert.InRange(_stub.Asked.Count, 20, 30);
    }

    [Theory]
    [InlineData(401, false)]
    [InlineData(403, true)]
    public async Task A_missing_or_wrong_key_is_named_and_not_shown(int status, bool hasKey)
    {
        if (!hasKey) _some.Variables.Remove(JudgeSettings.KeyVariable);
        _stub.Replies = _ => new Reply.Refuse(status, $$$"""{"error":{"message":"Incorrect API key provided: {{{SomeJudge.Key}}}"}}""");

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => _some.AskAsync(SomeJudge.Several(1)));

        Assert.Contains($"refuses access ({status}); RLHF_JUDGE_KEY is {(hasKey ? "set to a key" : "not set")}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(SomeJudge.Key, $"{error}".Split("---")[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, """{"error":{"message":"The model some-model does not exist."}}""")]
    [InlineData(400, """{"error":{"message":"Unsupported parameter: logprobs"}}""")]
    [InlineData(429, """{"error":{"message":"You exceeded your quota.","code":"insufficient_quota"}}""")]
    public async Task A_refusal_for_good_is_not_asked_again(int status, string body)
    {
        _some.Variables[JudgeSettings.AtOnceVariable] = "1";
        _stub.Replies = _ => new Reply.Refuse(status, body);

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => _some.AskAsync(SomeJudge.Several(3)));

        Assert.Contains($"({status}) for model 'some-model'", error.Message, StringComparison.Ordinal);
        Assert.Single(_stub.Asked);
    }

    [Fact]
    public async Task A_slow_endpoint_is_given_up_as_a_failure_that_may_pass()
    {
        _some.Resilience = SomeJudge.Quick with { Try = TimeSpan.FromMilliseconds(300), Retries = 1 };
        _stub.Replies = asked => asked.First.EndsWith("0.", StringComparison.Ordinal) ? new Reply.Hang() : StubJudge.Longer(asked);

        var error = await Assert.ThrowsAsync<IOException>(() => _some.AskAsync(SomeJudge.Several(3)));

        Assert.Contains("could not be asked", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_is_down_is_a_failure_that_may_pass()
    {
        await _stub.DisposeAsync();

        await Assert.ThrowsAsync<IOException>(() => _some.AskAsync(SomeJudge.Several(1)));
    }

    [Fact]
    public async Task Stopped_between_comparisons_and_begun_anew_nothing_is_asked_twice()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var answered = new ConcurrentBag<string>();
        _some.Variables[JudgeSettings.AtOnceVariable] = "1";
        _some.Objects.Before = call =>
        {
            // While the sixth answer is on its way into the store.
            if (call.StartsWith("create judge/spent", StringComparison.Ordinal) && answered.Count == 6) stop.Cancel();
        };
        _stub.Replies = asked =>
        {
            answered.Add($"{asked.First}|{asked.Second}");
            return StubJudge.Longer(asked);
        };
        var request = SomeJudge.Several(6);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _some.Judge.CollectAsync(request, DateTimeOffset.UnixEpoch, stop.Token));
        var before = answered.Count;
        _some.Objects.Before = null;
        var progress = await _some.AskAsync(request);

        Assert.Equal(6, before);
        Assert.Equal(6, progress.Judgements.Count);
        Assert.Equal(12, answered.Count);
        Assert.Equal(12, answered.Distinct().Count());
    }

    [Fact]
    public async Task A_budget_is_never_exceeded_what_was_answered_stays_and_a_raised_budget_goes_on()
    {
        var request = SomeJudge.Several(6) with { Settings = new() { ["judgeAnswerTokens"] = 100 } };
        var most = JudgeEndpoint.MostInput(JudgePrompt.Of(request.Questions[0], new("short", null, "Prefer the shorter one."), Side.A)) + 100;
        const int each = StubJudge.InputTokens + StubJudge.OutputTokens;
        _some.Variables[JudgeSettings.TokensVariable] = $"{4 * each + most + 20}"; // room for five and not for a sixth, give or take the principles' lengths

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => _some.AskAsync(request));
        var kept = await _some.KeptAsync();
        var still = await Assert.ThrowsAsync<InvalidDataException>(() => _some.AskAsync(request));
        _some.Variables[JudgeSettings.TokensVariable] = $"{12 * each + 2 * most}";
        var progress = await _some.AskAsync(request);

        Assert.Equal(5, kept);
        Assert.Contains("RLHF_JUDGE_TOKENS", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{5 * each} tokens are spent", error.Message, StringComparison.Ordinal);
        Assert.Contains("5 of 12 answers are there and kept; raise the budget", error.Message, StringComparison.Ordinal);
        Assert.Contains("5 of 12 answers are there and kept", still.Message, StringComparison.Ordinal);
        Assert.Equal((6, 12), (progress.Judgements.Count, _stub.Asked.Count));
    }

    [Fact]
    public async Task A_budget_of_money_counts_by_the_prices_and_by_instance()
    {
        _some.Variables[JudgeSettings.PricesVariable] = "1000/1000";
        _some.Variables[JudgeSettings.MoneyVariable] = "6";

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => _some.AskAsync(SomeJudge.Several(50)));
        var asked = _stub.Asked.Count;
        await _some.AskAsync(SomeJudge.Several(50) with { Questions = [SomeJudge.Question("other", "x", "yy")], Instance = "instance-2" });

        Assert.Contains("budget of 6 (RLHF_JUDGE_MONEY, prices 1000/1000)", error.Message, StringComparison.Ordinal);
        Assert.InRange(asked * 0.12, 1, 6);
        Assert.Equal(asked + 2, _stub.Asked.Count);
    }

    [Fact]
    public async Task Useless_answers_count_against_the_budget_too()
    {
        _some.Variables[JudgeSettings.AtOnceVariable] = "1";
        _some.Variables[JudgeSettings.TokensVariable] = "6000";
        _stub.Replies = _ => new Reply.Say("no");

        Assert.Empty((await _some.AskAsync(SomeJudge.Several(4))).Judgements);
        var spent = await JudgeBudget.OpenAsync(_some.Objects, JudgeSettings.FromEnvironment(_some.Variables.GetValueOrDefault)!, "instance-1", Token);
        var left = 6000 - _stub.Asked.Count * (StubJudge.InputTokens + StubJudge.OutputTokens);

        await spent.ReserveAsync(left, 0, Token);
        await Assert.ThrowsAsync<BudgetExhaustedException>(async () =>
        {
            spent.Release(left, 0);
            await spent.ReserveAsync(left + 1, 0, Token);
        });
    }

    [Fact]
    public async Task Requests_keep_to_the_rate_however_many_may_be_on_their_way()
    {
        _some.Variables[JudgeSettings.RateVariable] = "600"; // one in 100 ms
        _some.Variables[JudgeSettings.AtOnceVariable] = "16";

        var clock = Stopwatch.StartNew();
        await _some.AskAsync(SomeJudge.Several(6));

        Assert.Equal(12, _stub.Asked.Count);
        Assert.True(clock.Elapsed >= TimeSpan.FromSeconds(1), $"{clock.Elapsed}");
    }

    [Fact]
    public async Task An_endpoint_is_looked_at_without_asking_a_question()
    {
        var settings = JudgeSettings.FromEnvironment(_some.Variables.GetValueOrDefault)!;

        var found = await JudgeProbe.LookAsync(settings, Token);
        var missing = await Assert.ThrowsAsync<IOException>(() => JudgeProbe.LookAsync(settings with { Model = "gone" }, Token));
        _stub.Models = null;
        var silent = await JudgeProbe.LookAsync(settings, Token);
        var refused = await Assert.ThrowsAsync<IOException>(() => JudgeProbe.LookAsync(settings with { Key = null }, Token));
        await _stub.DisposeAsync();
        var down = await Assert.ThrowsAsync<IOException>(() => JudgeProbe.LookAsync(settings, Token));

        Assert.Equal($"judge some-model at {_some.Variables[JudgeSettings.Variable]}, with a key", found);
        Assert.Contains("has no model 'gone' (RLHF_JUDGE_MODEL); it lists another, some-model.", missing.Message, StringComparison.Ordinal);
        Assert.Contains("lists no models", silent, StringComparison.Ordinal);
        Assert.Contains("answers 401; RLHF_JUDGE_KEY is not set.", refused.Message, StringComparison.Ordinal);
        Assert.Contains("is no OpenAI-compatible API that can be reached", down.Message, StringComparison.Ordinal);
        Assert.Empty(_stub.Asked);
    }
}
