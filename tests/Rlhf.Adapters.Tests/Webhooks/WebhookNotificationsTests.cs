using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Adapters.Resilience;
using Rlhf.Adapters.Webhooks;
using Rlhf.Steps.Notifications;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Webhooks;

/// <summary>Notifications arrive signed and under one id; a receiver that fails, dawdles or leads elsewhere harms nobody.</summary>
public sealed class WebhookNotificationsTests
{
    static readonly PipelineOptions Quick = new() { Total = TimeSpan.FromSeconds(30), Try = TimeSpan.FromSeconds(10), Retries = 2, FirstDelay = TimeSpan.FromMilliseconds(20) };

    readonly List<string> _log = [];

    static CancellationToken Token => TestContext.Current.CancellationToken;

    static Notification Some(string id = "msg-1") =>
        new(id, "judgements.reminder", new(2026, 3, 1, 10, 0, 0, 500, TimeSpan.FromHours(2)), new JsonObject { ["instance"] = "i", ["missing"] = 3, ["deadline"] = null });

    static WebhookSettings Settings(Uri address, bool allowsPrivate = true) =>
        new() { Address = address, Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)], AllowsPrivate = allowsPrivate, Link = new("https://labeling.example") };

    WebhookNotifications Sender(Uri address, TimeProvider? time = null, bool allowsPrivate = true, Func<string, IPAddress[]>? resolve = null, PipelineOptions? patience = null) => new(
        Settings(address, allowsPrivate), time ?? TimeProvider.System, _log.Add, patience ?? Quick,
        (host, token) => resolve is null ? Dns.GetHostAddressesAsync(host, token) : Task.FromResult(resolve(host)));

    static Func<HttpContext, int, Task> Statuses(params int[] statuses) => (context, number) =>
    {
        context.Response.StatusCode = statuses[Math.Min(number, statuses.Length) - 1];
        return Task.CompletedTask;
    };

    [Fact]
    public void The_signature_is_that_of_the_published_example()
    {
        // The test vector of the reference libraries.
        var key = Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            WebhookSignature.Of(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, Encoding.UTF8.GetBytes("""{"test": 2432232314}""")));
    }

    [Fact]
    public async Task A_notification_arrives_once_signed_with_type_time_and_link()
    {
        await using var receiver = await StubReceiver.StartAsync();
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        using var sender = Sender(receiver.Address, time);

        Assert.True(await sender.SendAsync(Some(), Token));

        var request = Assert.Single(receiver.Requests);
        Assert.Equal(("/hook", "msg-1", "1800000000"), (request.Path, request.Id, request.Timestamp));
        Assert.True(StubReceiver.IsSigned(request));
        Assert.Equal(
            """{"data":{"instance":"i","link":"https://labeling.example/","missing":3},"timestamp":"2026-03-01T08:00:00.500Z","type":"judgements.reminder"}""",
            Encoding.UTF8.GetString(request.Body));
        Assert.Empty(_log);
    }

    [Fact]
    public async Task A_try_that_fails_is_made_again_under_the_same_id()
    {
        await using var receiver = await StubReceiver.StartAsync();
        receiver.Answer = (context, number) =>
        {
            if (number == 2) context.Abort();
            return Statuses(503, 503, 200)(context, number);
        };
        using var sender = Sender(receiver.Address);

        Assert.True(await sender.SendAsync(Some(), Token));

        Assert.Equal(3, receiver.Requests.Count);
        Assert.All(receiver.Requests, r => Assert.Equal(("msg-1", true), (r.Id, StubReceiver.IsSigned(r))));
    }

    [Theory]
    [InlineData(503, 3)]
    [InlineData(400, 1)]
    [InlineData(410, 1)]
    public async Task A_receiver_that_refuses_is_the_answer_false_and_a_line_without_a_secret(int status, int tries)
    {
        await using var receiver = await StubReceiver.StartAsync();
        receiver.Answer = Statuses(status);
        using var sender = Sender(receiver.Address);

        Assert.False(await sender.SendAsync(Some(), Token));

        Assert.Equal(tries, receiver.Requests.Count);
        Assert.StartsWith($"judgements.reminder (msg-1) did not reach 127.0.0.1: it answered {status} (", Assert.Single(_log), StringComparison.Ordinal);
        Assert.DoesNotContain("token", _log[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_a_refusal_and_is_not_followed()
    {
        await using var receiver = await StubReceiver.StartAsync();
        await using var elsewhere = await StubReceiver.StartAsync();
        receiver.Answer = (context, _) =>
        {
            context.Response.Redirect($"{elsewhere.Address}", permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        };
        using var sender = Sender(receiver.Address);

        Assert.False(await sender.SendAsync(Some(), Token));

        Assert.Equal((1, 0), (receiver.Requests.Count, elsewhere.Requests.Count));
        Assert.Contains("it answered 307", Assert.Single(_log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_never_ends_is_not_read()
    {
        await using var receiver = await StubReceiver.StartAsync();
        receiver.Answer = async (context, _) =>
        {
            var block = new byte[64 << 10];
            while (!context.RequestAborted.IsCancellationRequested) await context.Response.Body.WriteAsync(block, context.RequestAborted);
        };
        using var sender = Sender(receiver.Address);

        for (var i = 0; i < 3; i++) Assert.True(await sender.SendAsync(Some($"msg-{i}"), Token).WaitAsync(TimeSpan.FromSeconds(20), Token));

        Assert.Equal(3, receiver.Requests.Count);
        Assert.Empty(_log);
    }

    [Fact]
    public async Task A_receiver_that_says_nothing_is_given_up_after_seconds()
    {
        await using var receiver = await StubReceiver.StartAsync();
        receiver.Answer = (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted);
        using var sender = Sender(receiver.Address, patience: Quick with { Total = TimeSpan.FromSeconds(1.5) });
        var clock = Stopwatch.StartNew();

        Assert.False(await sender.SendAsync(Some(), Token));

        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(15));
        Assert.Single(_log);
        Assert.True(WebhookNotifications.Patience.Total <= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Nobody_at_the_address_is_the_answer_false()
    {
        Uri address;
        await using (var gone = await StubReceiver.StartAsync()) address = gone.Address;
        using var sender = Sender(address);

        Assert.False(await sender.SendAsync(Some(), Token));

        Assert.Single(_log);
    }

    [Fact]
    public async Task Addresses_of_this_machine_are_not_called_unless_the_option_says_so()
    {
        await using var receiver = await StubReceiver.StartAsync();
        using var sender = Sender(receiver.Address, allowsPrivate: false);

        Assert.False(await sender.SendAsync(Some(), Token));

        Assert.Empty(receiver.Requests);
        Assert.Contains("'127.0.0.1' is 127.0.0.1; expected an address of the public internet, or RLHF_WEBHOOK_PRIVATE=true.", Assert.Single(_log), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    public async Task A_name_that_resolves_to_this_machine_at_the_moment_of_the_call_is_not_called(string address)
    {
        await using var receiver = await StubReceiver.StartAsync();
        var asked = 0;
        // As a name that changes between a check and the call: only what the call itself resolves is called.
        using var sender = Sender(
            new($"http://hooks.example:{receiver.Address.Port}/hook"), allowsPrivate: false, resolve: _ =>
            {
                asked++;
                return [IPAddress.Parse(address)];
            });

        Assert.False(await sender.SendAsync(Some(), Token));

        Assert.Equal((1, 0), (asked, receiver.Requests.Count));
        Assert.Contains("'hooks.example' is", Assert.Single(_log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_none_of_whose_addresses_is_public_is_called_only_where_the_option_says_so()
    {
        await using var receiver = await StubReceiver.StartAsync();
        using var refused = Sender(new($"http://hooks.example:{receiver.Address.Port}/hook"), allowsPrivate: false, resolve: _ => [IPAddress.Parse("192.0.2.1"), IPAddress.Loopback]);
        using var allowed = Sender(new($"http://hooks.example:{receiver.Address.Port}/hook"), allowsPrivate: true, resolve: _ => [IPAddress.Loopback]);

        Assert.Equal((false, true), (await refused.SendAsync(Some(), Token), await allowed.SendAsync(Some(), Token)));

        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task An_id_that_a_signature_cannot_separate_is_refused()
    {
        using var sender = Sender(new("http://127.0.0.1:1/"));

        await Assert.ThrowsAsync<ArgumentException>(() => sender.DeliverAsync(Some("msg.1"), Token));
    }

    [Fact]
    public async Task Who_cancels_is_not_answered()
    {
        await using var receiver = await StubReceiver.StartAsync();
        using var cancel = new CancellationTokenSource();
        receiver.Answer = async (context, _) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        using var sender = Sender(receiver.Address);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sender.SendAsync(Some(), cancel.Token));
    }
}
