using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Server.Hooks;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Hooks;

/// <summary>Other programs say that something was answered there.</summary>
public sealed class HooksTests
{
    const string Key = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", Secret = "a-secret-that-both-know";

    static readonly DateTimeOffset Now = DateTimeOffset.Parse("2026-01-01T12:00:00Z", CultureInfo.InvariantCulture);

    static byte[] Signing => HookSecrets.SigningKey("KEY", Key).ToArray();

    static Task<Place> OpenAsync(TimeProvider? time = null) => Place.OpenAsync(time: time ?? new FakeTimeProvider(Now), change: o => o with
    {
        Hooks = new() { Argilla = HookSecrets.SigningKey("KEY", Key), LabelStudio = HookSecrets.HeaderSecret("SECRET", Secret) },
    });

    static string Body(DateTimeOffset happenedAt) =>
        new JsonObject { ["type"] = "response.created", ["version"] = 1, ["timestamp"] = happenedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "Z", ["data"] = new JsonObject { ["id"] = "1" } }.ToJsonString();

    static string Sign(byte[] key, string id, DateTimeOffset at, string body) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{id}.{at.ToUnixTimeSeconds()}.{body}")));

    static async Task<HttpStatusCode> SendAsync(Place place, string body, string signature, DateTimeOffset sentAt, string id = "msg_1")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/hooks/argilla") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", $"{sentAt.ToUnixTimeSeconds()}");
        request.Headers.TryAddWithoutValidation("webhook-signature", signature);
        using var response = await place.RawAsync(request);
        return response.StatusCode;
    }

    static async Task<HttpStatusCode> SendAsync(Place place, string? secret, string body = "{}")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/hooks/label-studio") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (secret is not null) request.Headers.TryAddWithoutValidation(HookPages.SecretHeader, secret);
        using var response = await place.RawAsync(request);
        return response.StatusCode;
    }

    [Fact]
    public async Task A_delivery_that_Argilla_signed_wakes_what_waits_for_it()
    {
        await using var place = await OpenAsync();
        var body = Body(Now);

        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(place, body, Sign(Signing, "msg_1", Now, body), Now));

        Assert.Equal(["answers-at-argilla"], place.Events());
    }

    [Fact]
    public async Task The_time_of_the_event_may_be_the_one_that_was_signed_as_Argilla_does_when_its_queue_is_late()
    {
        await using var place = await OpenAsync();
        var happenedAt = Now - TimeSpan.FromSeconds(41.7);
        var body = Body(happenedAt);

        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(place, body, Sign(Signing, "msg_1", happenedAt, body), Now));
    }

    [Fact]
    public async Task Of_several_signatures_one_must_be_good()
    {
        await using var place = await OpenAsync();
        var body = Body(Now);
        var good = Sign(Signing, "msg_1", Now, body);

        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(place, body, $"v1,AAAA v2,{good[3..]} {good}", Now));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(place, body, $"v1,AAAA v2,{good[3..]} v1a,{good[3..]}", Now));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(place, body, good[3..], Now));
    }

    [Fact]
    public async Task What_was_changed_signed_by_others_or_recorded_long_ago_is_refused_and_wakes_nothing()
    {
        await using var place = await OpenAsync();
        var body = Body(Now);
        var good = Sign(Signing, "msg_1", Now, body);
        var old = Now - TimeSpan.FromMinutes(6);
        var (oldBody, next) = (Body(old), Now + TimeSpan.FromMinutes(6));

        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(place, body.Replace("created", "deleted", StringComparison.Ordinal), good, Now));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(place, body, good, Now, id: "msg_2"));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(place, body, Sign(new byte[32], "msg_1", Now, body), Now));
        // Recorded, and sent again with its own time, a new one, or one that is to come.
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(place, oldBody, Sign(Signing, "msg_1", old, oldBody), old));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(place, oldBody, Sign(Signing, "msg_1", old, oldBody), Now));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(place, body, Sign(Signing, "msg_1", next, body), next));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(place, "not json", "v1,AAAA", Now));
        Assert.Equal(HttpStatusCode.Unauthorized, (await place.SendAsync("POST", "/hooks/argilla", body: new JsonObject())).Status);
        Assert.Empty(place.Events());
    }

    [Fact]
    public async Task Label_Studio_shows_the_secret_in_a_header()
    {
        await using var place = await OpenAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(place, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(place, Secret + "!"));
        Assert.Empty(place.Events());
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(place, Secret));
        Assert.Equal(["answers-at-label-studio"], place.Events());
    }

    [Fact]
    public async Task Many_deliveries_wake_once_at_once_and_once_more_after_a_pause()
    {
        var time = new FakeTimeProvider(Now);
        await using var place = await OpenAsync(time);

        for (var i = 0; i < 20; i++) Assert.Equal(HttpStatusCode.Accepted, await SendAsync(place, Secret));
        var atOnce = place.Events().Count;
        time.Advance(Wakes.Pause + TimeSpan.FromMilliseconds(1));
        for (var i = 0; i < 1500 && place.Events().Count < 2; i++) await Task.Delay(20);
        time.Advance(10 * Wakes.Pause);
        await Task.Delay(100);

        Assert.Equal((1, 2), (atOnce, place.Events().Count));
    }

    [Fact]
    public async Task A_delivery_may_hold_a_whole_record_but_not_more_than_a_mebibyte()
    {
        await using var place = await OpenAsync();

        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(place, Secret, new string(' ', HookPages.LongestDelivery)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await SendAsync(place, Secret, new string(' ', HookPages.LongestDelivery + 1)));
    }

    [Fact]
    public async Task Without_a_secret_nothing_is_taken()
    {
        await using var place = await Place.OpenAsync();

        Assert.Equal(HttpStatusCode.NotFound, await SendAsync(place, Secret));
        Assert.Equal(HttpStatusCode.NotFound, await SendAsync(place, "{}", "v1,AAAA", Now));
        Assert.Empty(place.Events());
    }

    [Theory]
    [InlineData("not base64!")]
    [InlineData("whsec_c2hvcnQ=")]
    public void A_signing_key_that_is_none_is_refused_in_one_sentence(string text)
    {
        var e = Assert.Throws<ArgumentException>(() => HookSecrets.SigningKey("ARGILLA_WEBHOOK_SECRET", text));

        Assert.Equal("ARGILLA_WEBHOOK_SECRET is no signing key; expected base64 of at least 16 bytes, as Argilla shows it when the webhook is made.", e.Message);
    }
}
