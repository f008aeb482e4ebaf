using System.Net;
using Microsoft.AspNetCore.Http;
using Rlhf.Adapters.Resilience;
using Rlhf.Adapters.Scoring;
using Rlhf.Steps.Scoring;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Scoring;

public sealed class ScoringClientTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static ScoringClient Client(IEnumerable<Uri> replicas, double deadline = 60, double one = 20, string? key = null) =>
        new(new ScoringSettings { Replicas = [.. replicas.Select(a => new ReplicaAddress(a))], Deadline = TimeSpan.FromSeconds(deadline), Try = TimeSpan.FromSeconds(one), Key = key }, TimeProvider.System);

    static ScoringRequest Request(int i, int texts = 4) => new($"{StubReplica.Model}", [.. Enumerable.Range(0, texts).Select(t => new TextToScore.Tokens([1, 5 + i, 9 + t, 2], 2))]);

    static void AssertScored(ScoringRequest request, RewardScores answer)
    {
        Assert.Equal(StubReplica.Model, answer.Model);
        Assert.Equal(request.Texts.Select(t => StubReplica.ScoreOf(((TextToScore.Tokens)t).Ids)), answer.Scores.Select(s => s.Score));
    }

    static async Task AllAreScored(ScoringClient client, int requests = 60, int atOnce = 6) => await Parallel.ForAsync(
        0, requests, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = Token },
        async (i, token) => AssertScored(Request(i), await client.ScoreAsync(Request(i), token)));

    [Fact]
    public async Task Requests_go_to_the_server_with_the_fewest_texts_under_way()
    {
        await using var slow = await StubReplica.StartAsync();
        await using var fast = await StubReplica.StartAsync();
        slow.Instead = async (context, _) => { await Task.Delay(1000, context.RequestAborted); return false; };
        using var client = Client([slow.Address, fast.Address], key: "rlhf_key");

        await AllAreScored(client);

        Assert.Equal(60, slow.Asked + fast.Asked);
        Assert.InRange(slow.Asked, 1, 20);
        Assert.Equal("Bearer rlhf_key", fast.Authorization);
    }

    public static TheoryData<string> Wrongs => ["garbage", "empty", "html", "null", "nan", "foreign", "short", "many", "tokens", "mean", "500", "404", "401", "dead", "hangs", "cut"];

    [Theory]
    [MemberData(nameof(Wrongs))]
    public async Task What_one_server_does_wrong_another_one_makes_good_and_nothing_of_it_is_used(string wrong)
    {
        await using var bad = await StubReplica.StartAsync();
        await using var good = await StubReplica.StartAsync();
        Misbehave(bad, wrong);
        // Long enough for a server that works, and no longer than needed for one that hangs.
        using var client = Client([bad.Address, good.Address], one: wrong == "hangs" ? 3 : 20);

        await AllAreScored(client, requests: 20);

        Assert.Equal(20, good.Asked);
        // It is let alone after a few failures.
        Assert.InRange(bad.Asked, 1, 12);
    }

    [Fact]
    public async Task A_server_that_comes_back_is_asked_again()
    {
        await using var one = await StubReplica.StartAsync();
        await using var other = await StubReplica.StartAsync();
        Misbehave(one, "500");
        using var client = Client([one.Address, other.Address]);
        await AllAreScored(client, 20);
        var before = other.Asked;
        one.Instead = null;

        await Task.Delay(ScoringClient.Patience.Break + TimeSpan.FromSeconds(0.2), Token);
        await AllAreScored(client, 40);

        Assert.True(other.Asked - before < 40, $"{other.Asked - before} of 40 requests went to the server that had never failed.");
    }

    [Fact]
    public async Task When_all_are_gone_the_failure_is_one_that_may_pass_and_comes_within_the_deadline()
    {
        var gone = await StubReplica.StartAsync();
        var address = gone.Address;
        await gone.DisposeAsync();
        using var client = Client([address], deadline: 1.5);
        var clock = System.Diagnostics.Stopwatch.StartNew();

        var failure = await Assert.ThrowsAsync<IOException>(() => client.ScoreAsync(Request(1), Token));

        Assert.InRange(clock.Elapsed.TotalSeconds, 1, 10);
        Assert.Contains("No server gave 4 scores of reward-model/aaaa", failure.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be asked", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Servers_that_are_back_before_the_deadline_are_waited_for()
    {
        var gone = await StubReplica.StartAsync();
        var address = gone.Address;
        await gone.DisposeAsync();
        using var client = Client([address]);

        var asked = client.ScoreAsync(Request(1), Token);
        await Task.Delay(1000, Token);
        await using var back = await StubReplica.StartAsync(address.Port);

        AssertScored(Request(1), await asked);
    }

    [Fact]
    public async Task A_busy_server_is_left_alone_for_as_long_as_it_says_and_is_not_thought_broken()
    {
        await using var busy = await StubReplica.StartAsync();
        busy.Instead = (context, number) =>
        {
            if (number > 6) return Task.FromResult(false);
            (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (429, "1");
            return Task.FromResult(true);
        };
        using var client = Client([busy.Address]);
        var clock = System.Diagnostics.Stopwatch.StartNew();

        AssertScored(Request(1), await client.ScoreAsync(Request(1), Token));

        Assert.Equal(7, busy.Asked);
        Assert.InRange(clock.Elapsed.TotalSeconds, 5.5, 30);
    }

    [Fact]
    public async Task What_two_servers_refuse_is_refused_for_good_and_what_one_refuses_is_not()
    {
        await using var one = await StubReplica.StartAsync();
        await using var other = await StubReplica.StartAsync();
        foreach (var replica in new[] { one, other })
            replica.Instead = async (context, _) =>
            {
                context.Response.StatusCode = 422;
                await context.Response.WriteAsync("""{"detail":"A completion is empty; expected a text."}""");
                return true;
            };
        using var client = Client([one.Address, other.Address]);

        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => client.ScoreAsync(Request(1), Token));
        other.Instead = null;

        Assert.EndsWith("answered 422: A completion is empty; expected a text.", refused.Message, StringComparison.Ordinal);
        AssertScored(Request(1), await client.ScoreAsync(Request(1), Token));
    }

    [Fact]
    public async Task Whoever_gives_up_ends_the_request_at_the_server()
    {
        await using var replica = await StubReplica.StartAsync();
        var left = new TaskCompletionSource();
        using var giveUp = new CancellationTokenSource();
        replica.Instead = async (context, _) =>
        {
            try
            {
                await giveUp.CancelAsync();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }
            finally
            {
                left.TrySetResult();
            }
            return true;
        };
        using var client = Client([replica.Address], one: 60);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.ScoreAsync(Request(1), giveUp.Token));

        await left.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    [Fact]
    public async Task A_name_stands_for_every_address_that_it_has_and_is_looked_up_again()
    {
        await using var replica = await StubReplica.StartAsync();
        var looks = 0;
        var settings = new ScoringSettings { Replicas = [new(new($"http://rewards.example:{replica.Address.Port}/"), ByName: true)], Deadline = TimeSpan.FromSeconds(60), Try = TimeSpan.FromSeconds(20) };
        using var client = new ScoringClient(settings, TimeProvider.System, ScoringClient.Patience, (host, _) =>
        {
            Assert.Equal("rewards.example", host);
            return Task.FromResult<IPAddress[]>(++looks == 1 ? [] : [IPAddress.Loopback, IPAddress.Parse("127.0.0.2")]);
        });

        // 127.0.0.2 is this machine, too, but nobody listens there.
        await AllAreScored(client, 20);

        Assert.Equal(2, looks);
        Assert.Equal(20, replica.Asked);
    }

    [Theory]
    [InlineData("http://user:secret@host:1", null, null, "holds what is no address")]
    [InlineData("ftp://host", null, null, "holds what is no address")]
    [InlineData(",", null, null, "names 0 servers")]
    [InlineData("http://a:1,http://a:1", null, null, "names 2 servers; expected at least one, each once")]
    [InlineData("http://a:1", "soon", null, "RLHF_REWARDS_DEADLINE is 'soon'")]
    [InlineData("http://a:1", "0", null, "expected seconds, 1 to 86400")]
    [InlineData("http://a:1", null, "a key", "RLHF_REWARDS_KEY holds white space")]
    public void Settings_that_are_none_are_refused_by_name_without_a_secret(string urls, string? deadline, string? key, string sentence)
    {
        var refused = Assert.Throws<ArgumentException>(() => ScoringSettings.FromEnvironment(name => name switch
        {
            ScoringSettings.Variable => urls,
            ScoringSettings.DeadlineVariable => deadline,
            ScoringSettings.KeyVariable => key,
            _ => null,
        }));

        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_say_where_and_never_the_key()
    {
        var settings = ScoringSettings.FromEnvironment(name => name switch { ScoringSettings.Variable => "http://a:1, dns+http://b:2", ScoringSettings.KeyVariable => "rlhf_secret", _ => null })!;

        Assert.Equal("reward models at http://a:1, every address of http://b:2, with a key", $"{settings}");
        Assert.Null(ScoringSettings.FromEnvironment(_ => null));
    }

    static void Misbehave(StubReplica replica, string how)
    {
        Func<TextScore, TextScore>? each = how switch
        {
            "tokens" => s => s with { Tokens = s.Tokens + 1 },
            "mean" => s => s with { Score = s.Score + 1 },
            _ => null,
        };
        ScoreAnswer Each(ScoreAnswer answer, Func<IReadOnlyList<TextScore>, IReadOnlyList<TextScore>> change) => new([answer.Models[0] with { Inputs = [.. answer.Models[0].Inputs.Select(change)] }]);
        if (each is not null) replica.Change = answer => Each(answer, scores => [.. scores.Select(each)]);
        else if (how == "foreign") replica.Change = answer => new([answer.Models[0] with { Model = new("reward-model", new('b', 64)) }]);
        else if (how == "short") replica.Change = answer => new([answer.Models[0] with { Inputs = [.. answer.Models[0].Inputs.Skip(1)] }]);
        else if (how == "many") replica.Change = answer => new([.. answer.Models, .. answer.Models]);
        else replica.Instead = (context, _) => InsteadAsync(context, how);
    }

    static async Task<bool> InsteadAsync(HttpContext context, string how)
    {
        switch (how)
        {
            case "dead":
                context.Abort();
                break;
            case "hangs":
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                break;
            case "cut":
                context.Response.ContentLength = 1000;
                await context.Response.WriteAsync("{\"models\":[");
                await context.Response.Body.FlushAsync();
                context.Abort();
                break;
            case "500" or "404" or "401":
                context.Response.StatusCode = int.Parse(how, System.Globalization.CultureInfo.InvariantCulture);
                break;
            default:
                await context.Response.WriteAsync(how switch
                {
                    "html" => "<html>Welcome to nginx</html>",
                    "empty" => "",
                    "null" => "null",
                    "nan" => $$"""{"models":[{"name":"x","model":"{{StubReplica.Model}}","inputs":[[{"score":1e999,"members":[1e999],"tokens":4,"completionTokens":2,"truncated":false}],[],[],[]]}]}""",
                    _ => "\u0001\u0002[[[",
                });
                break;
        }
        return true;
    }
}
