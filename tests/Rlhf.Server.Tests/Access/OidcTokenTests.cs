using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Server.OpenIdConnect;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Access;

/// <summary>Programs that come in by a token of the issuer.</summary>
public sealed class OidcTokenTests
{
    const string Progress = "/api/labeling/progress", Overview = "/api/overview";

    [Fact]
    public async Task A_token_of_the_issuer_is_good_for_what_its_role_may_as_long_as_it_lasts()
    {
        var time = new FakeTimeProvider(DateTimeOffset.Parse("2026-01-01T00:00:00Z"));
        await using var issuer = await StubIssuer.StartAsync(time);
        await using var place = await Place.OpenAsync(time: time, change: o => o with { OpenIdConnect = issuer.Options() });
        var token = issuer.Sign(issuer.Claims());

        var labels = await place.SendAsync("GET", Progress, token);
        var sees = await place.SendAsync("GET", Overview, token);
        var writes = await place.PostAsync("assignments", token, new JsonObject { ["count"] = 1 });
        time.Advance(TimeSpan.FromMinutes(6));
        var expired = await place.SendAsync("GET", Progress, token);

        Assert.Equal((HttpStatusCode.OK, "ann"), (labels.Status, labels.Json["labeler"]!.GetValue<string>()));
        Assert.Equal((HttpStatusCode.Forbidden, "ann is labeler and may not do this."), (sees.Status, sees.Error));
        Assert.Equal(HttpStatusCode.OK, writes.Status);
        Assert.Equal((HttpStatusCode.Unauthorized, "The token has expired, or is not valid yet."), (expired.Status, expired.Error));
        Assert.Empty(await place.Runtime.Credentials.ListAsync(default));
    }

    [Fact]
    public async Task A_program_and_a_browser_of_one_subject_have_one_name()
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OidcSignInTests.OpenAsync(issuer);
        using var ann = new Visitor(place);

        await ann.SignInAsync();
        var program = await place.SendAsync("GET", Progress, issuer.Sign(issuer.Claims(c => c["preferred_username"] = "program")));
        var none = await place.SendAsync("GET", Progress, issuer.Sign(issuer.Claims(c => c["roles"] = "cooks")));

        Assert.Equal("ann", program.Json["labeler"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.Forbidden, none.Status);
        Assert.Contains("have no role here", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_audience_may_be_named_for_programs()
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await Place.OpenAsync(change: o => o with { OpenIdConnect = issuer.Options() with { Audience = "api://rlhf" } });
        using var ann = new Visitor(place);

        Assert.Equal(HttpStatusCode.OK, (await place.SendAsync("GET", Progress, issuer.Sign(issuer.Claims(c => c["aud"] = new JsonArray("x", "api://rlhf"))))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await place.SendAsync("GET", Progress, issuer.Sign(issuer.Claims()))).Status);
        Assert.Equal(HttpStatusCode.OK, (await ann.SignInAsync()).Status);
    }

    [Fact]
    public async Task When_the_issuer_changes_its_keys_new_tokens_count_and_old_ones_do_not_and_forged_ones_make_no_flood()
    {
        var time = new FakeTimeProvider(DateTimeOffset.Parse("2026-01-01T00:00:00Z"));
        await using var issuer = await StubIssuer.StartAsync(time);
        await using var place = await Place.OpenAsync(time: time, change: o => o with { OpenIdConnect = issuer.Options() });
        var old = issuer.Sign(issuer.Claims());

        var before = await place.SendAsync("GET", Progress, old);
        time.Advance(Issuer.Pause);
        issuer.ChangeKey();
        var replaced = await place.SendAsync("GET", Progress, issuer.Sign(issuer.Claims()));
        var after = await place.SendAsync("GET", Progress, old);
        var fetched = issuer.KeysFetched;
        for (var i = 0; i < 20; i++) await place.SendAsync("GET", Progress, issuer.Sign(issuer.Claims(), kid: $"forged{i}")[..^9] + "AAAAAAAAA");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (before.Status, replaced.Status));
        Assert.Equal((HttpStatusCode.Unauthorized, "The token is not signed by the issuer with one of its keys."), (after.Status, after.Error));
        Assert.Equal((2, 2), (fetched, issuer.KeysFetched));
    }
}
