using System.Net;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Access;

/// <summary>Who comes in, and who does not.</summary>
public sealed class ComingInTests
{
    const string Progress = "/api/labeling/progress";

    [Fact]
    public async Task Without_accounts_a_request_on_loopback_is_the_local_persons_until_there_is_a_key()
    {
        await using var place = await Place.OpenAsync();

        var local = await place.SendAsync("GET", Progress);
        var byProxy = await place.SendAsync("GET", Progress, change: r => r.Headers.Add("X-Forwarded-For", "10.0.0.1"));
        var byOtherName = await place.SendAsync("GET", Progress, change: r => r.Headers.Host = "evil.example");
        var key = await place.KeyAsync("ann");
        var without = await place.SendAsync("GET", Progress);
        var with = await place.SendAsync("GET", Progress, key);
        await place.Runtime.Credentials.RevokeAsync("ann", default);
        var afterwards = await place.SendAsync("GET", Progress);

        Assert.Equal((HttpStatusCode.OK, "olga"), (local.Status, local.Json["labeler"]!.GetValue<string>()));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (byProxy.Status, byOtherName.Status));
        Assert.Equal(HttpStatusCode.Unauthorized, without.Status);
        Assert.Equal((HttpStatusCode.OK, "ann"), (with.Status, with.Json["labeler"]!.GetValue<string>()));
        Assert.Equal(HttpStatusCode.Unauthorized, afterwards.Status);
    }

    [Fact]
    public async Task Beyond_loopback_the_server_starts_only_where_somebody_has_a_key()
    {
        await using var place = await Place.OpenAsync();
        Task<PagesServer> Open() => PagesServer.StartAsync(place.Options("http://0.0.0.0:0"), place.Runtime, TimeProvider.System, _ => { }, default);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(Open);
        await place.KeyAsync("ann");
        await using var open = await Open();

        Assert.Contains("'http://0.0.0.0:0' can be reached from other machines, and this store has no valid key", refused.Message, StringComparison.Ordinal);
        Assert.Single(open.Addresses);
    }

    [Theory]
    [InlineData("https://127.0.0.1:5210", "cannot be listened on; expected http")]
    [InlineData("5210", "is no address to listen on")]
    [InlineData("http://127.0.0.1:5210/base", "cannot be listened on")]
    public async Task An_address_that_is_none_is_refused_in_one_sentence(string url, string sentence)
    {
        await using var place = await Place.OpenAsync();

        var refused = await Assert.ThrowsAsync<ArgumentException>(() => PagesServer.StartAsync(place.Options(url), place.Runtime, TimeProvider.System, _ => { }, default));

        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_port_is_one_sentence()
    {
        await using var place = await Place.OpenAsync();

        var refused = await Assert.ThrowsAsync<IOException>(() => PagesServer.StartAsync(place.Options(place.Address), place.Runtime, TimeProvider.System, _ => { }, default));

        Assert.Equal($"{place.Address} is taken by another process; --urls names another address for the pages, --no-pages serves none.", refused.Message);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task A_key_ends_with_its_time_or_at_once_and_its_secret_is_not_in_the_store(Kind kind)
    {
        var time = new FakeTimeProvider(DateTimeOffset.Parse("2026-01-01T00:00:00Z"));
        await using var place = await Place.OpenAsync(kind, time);
        var (ann, bob) = (await place.KeyAsync("ann", life: TimeSpan.FromDays(2)), await place.KeyAsync("bob"));
        var again = await Assert.ThrowsAsync<ArgumentException>(() => place.KeyAsync("ann"));

        Assert.Equal(HttpStatusCode.OK, (await place.SendAsync("GET", Progress, ann)).Status);
        time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(HttpStatusCode.Unauthorized, (await place.SendAsync("GET", Progress, ann)).Status);
        Assert.Equal(HttpStatusCode.OK, (await place.SendAsync("GET", Progress, bob)).Status);
        Assert.Equal(1, await place.Runtime.Credentials.RevokeAsync("bob", default));
        Assert.Equal(HttpStatusCode.Unauthorized, (await place.SendAsync("GET", Progress, bob)).Status);
        var used = (await place.Runtime.Credentials.ListAsync(default)).Single(c => c.Name == "bob");
        Assert.Equal((time.GetUtcNow(), time.GetUtcNow()), (used.LastUsedAt!.Value, used.RevokedAt!.Value));
        Assert.Contains("'ann' has a key already", again.Message, StringComparison.Ordinal);
        Assert.Matches("^rlhf_[A-Za-z0-9_-]{43}$", bob);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task An_invitation_lets_one_person_join_once_and_looking_at_it_does_not_use_it_up(Kind kind)
    {
        await using var place = await Place.OpenAsync(kind);
        await place.KeyAsync("admin", Role.Administrator);
        var link = $"/invitations/{await place.Runtime.Credentials.InviteAsync("ann", TimeSpan.FromHours(48), default)}";

        var looks = await Task.WhenAll(place.SendAsync("GET", link), place.SendAsync("GET", link));
        var joins = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => JoinAsync(place, link)));
        var cookies = Assert.Single(joins, j => j.Status == HttpStatusCode.SeeOther).Cookies;
        var late = await place.SendAsync("GET", link);

        Assert.All(looks, l => Assert.Equal(HttpStatusCode.OK, l.Status));
        Assert.Equal(3, joins.Count(j => j.Status == HttpStatusCode.Gone));
        Assert.Equal(HttpStatusCode.Gone, late.Status);
        var session = Assert.Single(cookies, c => c.StartsWith("rlhf-session=", StringComparison.Ordinal));
        Assert.Contains("httponly", session, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", session, StringComparison.OrdinalIgnoreCase);
        var me = await place.SendAsync("GET", Progress, change: r => r.Headers.Add("Cookie", session.Split(';')[0]));
        Assert.Equal((HttpStatusCode.OK, "ann"), (me.Status, me.Json["labeler"]!.GetValue<string>()));
        Assert.Equal(HttpStatusCode.Forbidden, (await place.SendAsync("GET", "/api/overview", change: r => r.Headers.Add("Cookie", session.Split(';')[0]))).Status);
    }

    [Fact]
    public async Task An_invitation_that_is_too_old_or_revoked_opens_nothing()
    {
        var time = new FakeTimeProvider(DateTimeOffset.Parse("2026-01-01T00:00:00Z"));
        await using var place = await Place.OpenAsync(time: time);
        var (old, revoked) = (await place.Runtime.Credentials.InviteAsync("ann", TimeSpan.FromHours(1), default), await place.Runtime.Credentials.InviteAsync("bob", TimeSpan.FromHours(9), default));
        time.Advance(TimeSpan.FromHours(1));
        await place.Runtime.Credentials.RevokeAsync("bob", default);

        Assert.Equal(HttpStatusCode.Gone, (await JoinAsync(place, $"/invitations/{old}")).Status);
        Assert.Equal(HttpStatusCode.Gone, (await JoinAsync(place, $"/invitations/{revoked}")).Status);
    }

    [Fact]
    public async Task A_change_by_cookie_needs_the_token_of_our_own_page()
    {
        await using var place = await Place.OpenAsync();
        using var shown = await place.RawAsync(new(HttpMethod.Get, "/label"));
        var cookie = shown.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        var token = System.Text.RegularExpressions.Regex.Match(await shown.Content.ReadAsStringAsync(), "data-token=\"([0-9a-f]{64})\"").Groups[1].Value;
        Task<Reply> Send(params (string Name, string Value)[] headers) => place.SendAsync("POST", "/api/labeling/assignments", null, new System.Text.Json.Nodes.JsonObject { ["count"] = 1 }, request =>
        {
            foreach (var (name, value) in headers) request.Headers.Add(name, value);
        });

        var own = await Send(("Cookie", cookie), ("X-Antiforgery", token), ("Origin", place.Address), ("Sec-Fetch-Site", "same-origin"));
        var withoutToken = await Send(("Cookie", cookie), ("Origin", place.Address));
        var withoutCookie = await Send(("X-Antiforgery", token), ("Origin", place.Address));
        var foreign = await Send(("Cookie", cookie), ("X-Antiforgery", token), ("Origin", "https://evil.example"));
        var crossSite = await Send(("Sec-Fetch-Site", "cross-site"));

        Assert.Equal(HttpStatusCode.OK, own.Status);
        Assert.All([withoutToken, withoutCookie, foreign, crossSite], r => Assert.Equal(HttpStatusCode.Forbidden, r.Status));
        Assert.Contains("comes from 'https://evil.example'", foreign.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bodies_and_requests_have_limits()
    {
        await using var place = await Place.OpenAsync(change: o => o with { RequestsPerSecond = 1, AttemptsPerMinute = 2 });

        var large = await place.PostAsync("assignments", null, new System.Text.Json.Nodes.JsonObject { ["count"] = new string('x', PagesServer.LongestBody) });
        var many = new List<HttpStatusCode>();
        for (var i = 0; i < 15; i++) many.Add((await place.SendAsync("GET", Progress)).Status);
        var attempts = new List<HttpStatusCode>();
        for (var i = 0; i < 3; i++) attempts.Add((await JoinAsync(place, "/invitations/guess")).Status);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.Status);
        Assert.Contains(HttpStatusCode.TooManyRequests, many);
        Assert.Equal(HttpStatusCode.OK, many[0]);
        Assert.Equal([HttpStatusCode.Gone, HttpStatusCode.Gone, HttpStatusCode.TooManyRequests], attempts);
    }

    // No browser: it brings no cookie, and so needs no token.
    static async Task<(HttpStatusCode Status, IReadOnlyList<string> Cookies)> JoinAsync(Place place, string link)
    {
        using var response = await place.RawAsync(new(HttpMethod.Post, link));
        return (response.StatusCode, response.Headers.TryGetValues("Set-Cookie", out var cookies) ? [.. cookies] : []);
    }
}
