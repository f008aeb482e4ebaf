using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.OpenIdConnect;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Access;

/// <summary>People who come in by an issuer, and who do not.</summary>
public sealed class OidcSignInTests
{
    const string Progress = "/api/labeling/progress";

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task A_person_signs_in_with_the_issuer_and_has_a_session_of_ours_for_twelve_hours(Kind kind)
    {
        var time = new FakeTimeProvider(DateTimeOffset.Parse("2026-01-01T00:00:00Z"));
        await using var issuer = await StubIssuer.StartAsync(time);
        await using var place = await Place.OpenAsync(kind, time, o => o with { OpenIdConnect = issuer.Options() });
        using var ann = new Visitor(place);

        var asked = await ann.GetAsync("/label");
        var page = await ann.GetAsync(asked.Location!);
        var signedIn = await ann.SignInAsync("/sign-in/oidc?page=/label");

        Assert.Equal("/sign-in?page=%2Flabel", asked.Location);
        Assert.Contains($"<a href=\"/sign-in/oidc?page=%2Flabel\" class=\"primary\">Sign in with <bdi>{new Uri(issuer.Address).Authority}</bdi></a>", page.Text, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "0; url=/label"), (signedIn.Status, signedIn.Refresh));
        Assert.Contains("Welcome, <bdi>ann</bdi>", signedIn.Text, StringComparison.Ordinal);
        var session = Assert.Single(signedIn.Cookies, c => c.StartsWith("rlhf-session=", StringComparison.Ordinal));
        Assert.Contains("expires=Thu, 01 Jan 2026 12:00:00 GMT", session, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", session, StringComparison.OrdinalIgnoreCase);
        // The container of cookies has a clock of its own.
        Task<Reply> Ask() => place.SendAsync("GET", Progress, change: r => r.Headers.Add("Cookie", session.Split(';')[0]));
        var me = await Ask();
        time.Advance(Credentials.SubjectSessionLife);
        Assert.Equal((HttpStatusCode.OK, "ann"), (me.Status, me.Json["labeler"]!.GetValue<string>()));
        Assert.Equal(HttpStatusCode.Unauthorized, (await Ask()).Status);
        Assert.Empty(place.Log);
    }

    [Fact]
    public async Task With_an_issuer_nobody_is_the_local_person_and_nobody_is_after_somebody_came_in_by_one()
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OpenAsync(issuer);
        using var ann = new Visitor(place);

        var before = await place.SendAsync("GET", Progress);
        await ann.SignInAsync();
        await place.StopAsync();
        await place.StartAsync();
        var without = await place.SendAsync("GET", Progress);

        Assert.Equal((HttpStatusCode.Unauthorized, "Nobody is signed in; expected a key or a token (Authorization: Bearer) or a session."), (before.Status, before.Error));
        Assert.Equal(HttpStatusCode.Unauthorized, without.Status);
    }

    [Fact]
    public async Task Beyond_loopback_an_issuer_counts_as_a_key_does()
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await Place.OpenAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => PagesServer.CheckAsync(place.Options("http://0.0.0.0:0"), place.Runtime, default));
        await PagesServer.CheckAsync(place.Options("http://0.0.0.0:0") with { OpenIdConnect = issuer.Options() }, place.Runtime, default);
    }

    [Fact]
    public async Task A_state_that_is_not_this_browsers_signs_nobody_in()
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OpenAsync(issuer);
        using var ann = new Visitor(place);
        using var eve = new Visitor(place);
        using var victim = new Visitor(place);

        var changed = await ann.GetAsync((await ann.ToCallbackAsync()).Replace("state=", "state=x", StringComparison.Ordinal));
        var withoutState = await ann.GetAsync((await ann.ToCallbackAsync()).Split("&state=")[0]);
        var evesCallback = await eve.ToCallbackAsync();
        var withoutCookie = await victim.GetAsync(evesCallback);
        await victim.ToCallbackAsync();
        var withAnotherCookie = await victim.GetAsync(evesCallback);

        Assert.All([changed, withoutState, withoutCookie, withAnotherCookie], s =>
        {
            Assert.Equal((HttpStatusCode.BadRequest, "This browser did not begin to sign in here, or did so too long ago; try again."), (s.Status, s.Error));
            Assert.DoesNotContain(s.Cookies, c => c.StartsWith("rlhf-session=", StringComparison.Ordinal));
        });
        Assert.Empty(await place.Runtime.Credentials.ListAsync(default));
    }

    [Fact]
    public async Task A_code_counts_once()
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OpenAsync(issuer);
        using var ann = new Visitor(place);
        var callback = await ann.ToCallbackAsync();
        var cookies = ann.Cookies.GetCookieHeader(new(callback));

        var first = await ann.GetAsync(callback);
        var again = await ann.GetAsync(callback);
        ann.Cookies.SetCookies(new(callback), cookies);
        var withItsCookie = await ann.GetAsync(callback);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (first.Status, again.Status));
        Assert.Equal((HttpStatusCode.Unauthorized, $"The issuer {new Uri(issuer.Address).Authority} does not take the code (invalid_grant); try again."), (withItsCookie.Status, withItsCookie.Error));
        Assert.Equal(["invalid_grant"], issuer.Trouble);
        Assert.Single(await place.Runtime.Credentials.ListAsync(default));
    }

    /// <summary>ID tokens that prove nothing, and what is said of them.</summary>
    public static TheoryData<string, string> BadTokens => new()
    {
        { "nonce", "The token was made for another attempt to sign in; try again." },
        { "no nonce", "The token was made for another attempt to sign in; try again." },
        { "expired", "The token has expired, or is not valid yet." },
        { "no expiry", "The token has expired, or is not valid yet." },
        { "early", "The token has expired, or is not valid yet." },
        { "audience", "The token is for somebody else; expected the audience 'rlhf'." },
        { "no audience", "The token is for somebody else; expected the audience 'rlhf'." },
        { "party", "The token was made for 'other'; expected 'rlhf'." },
        { "issuer", "The token is of another issuer." },
        { "none", "The token is not signed by the issuer with one of its keys." },
        { "public key", "The token is not signed by the issuer with one of its keys." },
        { "public key as PEM", "The token is not signed by the issuer with one of its keys." },
        { "changed", "The token is not signed by the issuer with one of its keys." },
        { "no token", "The token is no signed token." },
    };

    [Theory, MemberData(nameof(BadTokens))]
    public async Task A_token_that_proves_nothing_signs_nobody_in_and_is_no_proof_of_a_program(string bad, string sentence)
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OpenAsync(issuer);
        using var ann = new Visitor(place);
        string Bad(JsonObject claims)
        {
            switch (bad)
            {
                case "nonce": claims["nonce"] = "other"; break;
                case "no nonce": claims.Remove("nonce"); break;
                case "expired": claims["exp"] = claims["iat"]!.GetValue<long>() - 120; break;
                case "no expiry": claims.Remove("exp"); break;
                case "early": claims["nbf"] = claims["iat"]!.GetValue<long>() + 120; break;
                case "audience": claims["aud"] = "other"; break;
                case "no audience": claims.Remove("aud"); break;
                case "party": (claims["aud"], claims["azp"]) = (new JsonArray("rlhf", "other"), "other"); break;
                case "issuer": claims["iss"] = "https://other.example"; break;
                case "none": return StubIssuer.Unsigned(claims);
                case "public key": return issuer.SignWithPublicKey(claims, asPem: false);
                case "public key as PEM": return issuer.SignWithPublicKey(claims, asPem: true);
                case "changed": return issuer.Sign(claims) is var token ? $"{token[..^6]}{(token[^6] == 'A' ? 'B' : 'A')}{token[^5..]}" : "";
                case "no token": return "a.b.c";
            }
            return issuer.Sign(claims);
        }
        issuer.IdToken = Bad;

        var seen = await ann.SignInAsync();
        var program = await place.SendAsync("GET", Progress, Bad(issuer.Claims()));

        Assert.Equal((HttpStatusCode.Unauthorized, sentence), (seen.Status, seen.Error));
        // A nonce and a party are of browsers only.
        if (bad is not ("nonce" or "no nonce" or "party")) Assert.Equal((HttpStatusCode.Unauthorized, sentence), (program.Status, program.Error));
        Assert.Empty(await place.Runtime.Credentials.ListAsync(default));
    }

    [Fact]
    public async Task Who_has_no_role_here_is_told_so_and_nothing_is_created()
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OpenAsync(issuer);
        using var ann = new Visitor(place);
        issuer.Person["roles"] = new JsonArray("cooks", "Labelers");

        var seen = await ann.SignInAsync();

        Assert.Equal(
            (HttpStatusCode.Forbidden, $"You are known to {new Uri(issuer.Address).Authority}, but have no role here; expected one of admins, operators, labelers in the claim 'roles'."), (seen.Status, seen.Error));
        Assert.Empty(await place.Runtime.Credentials.ListAsync(default));
        Assert.Empty(await place.Runtime.Subjects.ListAsync(default));
    }

    [Theory]
    [InlineData("roles", """{"roles":"operators"}""", Role.Operator)]
    [InlineData("roles", """{"roles":["labelers","other","operators"]}""", Role.Operator)]
    [InlineData("realm_access.roles", """{"realm_access":{"roles":["labelers"]}}""", Role.Labeler)]
    [InlineData("https://rlhf.example/roles", """{"https://rlhf.example/roles":["admins"]}""", Role.Administrator)]
    public async Task The_first_mapped_role_that_a_person_has_is_theirs_wherever_the_claim_is(string claim, string claims, Role role)
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await Place.OpenAsync(change: o => o with { OpenIdConnect = issuer.Options() with { RoleClaim = claim } });
        using var ann = new Visitor(place);
        issuer.Person = JsonNode.Parse(claims)!.AsObject();
        (issuer.Person["sub"], issuer.Person["preferred_username"]) = ("s-1", "ann");

        await ann.SignInAsync();

        Assert.Equal(("ann", role), Assert.Single(await place.Runtime.Credentials.ListAsync(default)) is var session ? (session.Name, session.Role) : default);
    }

    [Theory]
    [InlineData("s-1", HttpStatusCode.OK, "")]
    [InlineData("s-2", HttpStatusCode.Unauthorized, "speaks of two people")]
    public async Task What_the_token_does_not_say_the_issuers_userinfo_does_of_the_same_subject_only(string subject, HttpStatusCode status, string sentence)
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OpenAsync(issuer);
        using var ann = new Visitor(place);
        issuer.Person = new() { ["sub"] = "s-1" };
        issuer.UserInfo = new() { ["sub"] = subject, ["preferred_username"] = "ann", ["roles"] = new JsonArray("labelers") };

        var seen = await ann.SignInAsync();

        Assert.Equal(status, seen.Status);
        Assert.Contains(sentence, seen.Error, StringComparison.Ordinal);
        Assert.Equal(status == HttpStatusCode.OK ? ["ann"] : [], (await place.Runtime.Subjects.ListAsync(default)).Select(s => s.Name));
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task A_name_stays_with_its_subject_and_nobody_gets_it_by_being_called_so(Kind kind)
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await Place.OpenAsync(kind, change: o => o with { OpenIdConnect = issuer.Options() });
        await place.KeyAsync("carl");
        await place.DisputeAsync();
        async Task<Seen> As(string subject, string name)
        {
            using var visitor = new Visitor(place);
            (issuer.Person["sub"], issuer.Person["preferred_username"]) = (subject, name);
            return await visitor.SignInAsync();
        }

        var first = await As("s-1", "dora");
        var renamed = await As("s-1", "boss");
        var other = await As("s-2", "Dora");
        var keys = await As("s-2", "carl");
        var judged = await As("s-2", "ann");
        await place.Runtime.Subjects.LinkAsync(issuer.Options().Name, "s-2", "ann", default);
        var linked = await As("s-2", "whatever");
        var key = await Assert.ThrowsAsync<ArgumentException>(() => place.KeyAsync("DORA"));
        var twice = await Assert.ThrowsAsync<ArgumentException>(() => place.Runtime.Subjects.LinkAsync(issuer.Options().Name, "s-2", "eve", default));
        var taken = await Assert.ThrowsAsync<ArgumentException>(() => place.Runtime.Subjects.LinkAsync(issuer.Options().Name, "s-3", "ann", default));

        Assert.All([first, renamed], s => Assert.Contains("Welcome, <bdi>dora</bdi>", s.Text, StringComparison.Ordinal));
        Assert.All([other, keys, judged], s => Assert.Equal(HttpStatusCode.Conflict, s.Status));
        Assert.Equal("The name 'carl' is somebody else's here; if it is yours, an administrator says so (rlhf keys link 'carl' 's-2').", keys.Error);
        Assert.Contains("Welcome, <bdi>ann</bdi>", linked.Text, StringComparison.Ordinal);
        Assert.Contains("'DORA' is the name of somebody who comes in by an issuer", key.Message, StringComparison.Ordinal);
        Assert.Contains("The subject 's-2' has the name 'ann'", twice.Message, StringComparison.Ordinal);
        Assert.Contains("'ann' is the name of another subject", taken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_who_want_one_name_at_once_one_gets_it()
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OpenAsync(issuer);

        var names = await Task.WhenAll(Enumerable.Range(1, 8).Select(i => place.Runtime.Subjects.NameAsync("https://i.example", $"s-{i}", i % 2 == 0 ? "ann" : "Ann", default)));

        Assert.Single(names, n => n is not null);
    }

    [Theory]
    [InlineData("""{"preferred_username":"dom\\ann","email":"ann@x.example","email_verified":true}""", null, "ann@x.example")]
    [InlineData("""{"email":"ann@x.example"}""", null, "s-1")]
    [InlineData("""{"email":"ann@x.example","email_verified":false}""", null, "s-1")]
    [InlineData("""{"email":"ann@x.example"}""", "email", "ann@x.example")]
    [InlineData("""{"email":"ann@x.example","email_verified":false}""", "email", null)]
    [InlineData("""{"name":"<b>ann</b>"}""", "name", null)]
    [InlineData("""{"name":"Ann B."}""", "name", "Ann B.")]
    public async Task A_name_is_one_that_can_be_one_and_an_address_is_verified(string claims, string? claim, string? name)
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await Place.OpenAsync(change: o => o with { OpenIdConnect = issuer.Options() with { NameClaim = claim } });
        using var ann = new Visitor(place);
        issuer.Person = JsonNode.Parse(claims)!.AsObject();
        (issuer.Person["sub"], issuer.Person["roles"]) = ("s-1", "labelers");

        var seen = await ann.SignInAsync();

        Assert.Equal(name is null ? HttpStatusCode.Forbidden : HttpStatusCode.OK, seen.Status);
        Assert.Equal(name, (await place.Runtime.Subjects.ListAsync(default)).SingleOrDefault()?.Name);
    }

    [Fact]
    public async Task A_page_of_one_promotion_is_gone_on_with_after_signing_in()
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OpenAsync(issuer);
        using var ann = new Visitor(place);

        var asked = await ann.GetAsync("/promotions/0123456789abcdef");
        var signedIn = await ann.SignInAsync("/sign-in/oidc?page=/promotions/0123456789abcdef");

        Assert.Equal("/sign-in?page=%2Fpromotions%2F0123456789abcdef", asked.Location);
        Assert.Contains("url=/promotions/0123456789abcdef", signedIn.Refresh, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("/label;url=https://evil.example")]
    [InlineData("/sign-in")]
    [InlineData("/promotions/a;url=https:")]
    [InlineData("/promotions/a/approvals")]
    [InlineData("/promotions/")]
    public async Task No_address_leads_elsewhere_after_signing_in(string page)
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OpenAsync(issuer);
        using var ann = new Visitor(place);

        var begun = await ann.GetAsync($"/sign-in/oidc?page={Uri.EscapeDataString(page)}");
        var callback = await ann.ToCallbackAsync();
        var secret = ann.Cookies.GetCookies(new(callback))["rlhf-oidc"]!.Value[..44];
        using var forged = await place.RawAsync(new(HttpMethod.Get, callback) { Headers = { { "Cookie", $"rlhf-oidc={secret}{Uri.EscapeDataString(page)}" } } });

        Assert.Equal(HttpStatusCode.BadRequest, begun.Status);
        Assert.Contains("no page to go on with", begun.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        Assert.False(forged.Headers.Contains("Refresh"));
    }

    [Fact]
    public async Task A_refusal_of_the_issuer_is_told_without_its_words()
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OpenAsync(issuer);
        using var ann = new Visitor(place);
        issuer.Refuses = "access_denied";
        var denied = await ann.SignInAsync();
        issuer.Refuses = "<script>";
        var strange = await ann.SignInAsync();

        Assert.Equal((HttpStatusCode.Forbidden, "The issuer let nobody in (access_denied); try again."), (denied.Status, denied.Error));
        Assert.Equal((HttpStatusCode.Forbidden, "The issuer let nobody in (for a reason that is none); try again."), (strange.Status, strange.Error));
    }

    [Fact]
    public async Task While_the_issuer_is_away_the_server_starts_keys_work_and_signing_in_says_so()
    {
        var time = new FakeTimeProvider(DateTimeOffset.Parse("2026-01-01T00:00:00Z"));
        await using var issuer = await StubIssuer.StartAsync(time);
        await issuer.StopAsync();
        await using var place = await Place.OpenAsync(time: time, change: o => o with { OpenIdConnect = issuer.Options() });
        var key = await place.KeyAsync("carl");
        using var ann = new Visitor(place);
        var away = $"The issuer {new Uri(issuer.Address).Authority} cannot be asked at the moment (Connection refused); keys work meanwhile.";

        var signIn = await ann.GetAsync("/sign-in/oidc");
        var program = await place.SendAsync("GET", Progress, issuer.Sign(issuer.Claims()));
        var byKey = await place.SendAsync("GET", Progress, key);
        await issuer.StartAsync();
        time.Advance(TimeSpan.FromSeconds(10));
        var later = await ann.SignInAsync();
        await issuer.StopAsync();
        var known = await place.SendAsync("GET", Progress, issuer.Sign(issuer.Claims()));
        time.Advance(TimeSpan.FromHours(2));
        var staleToken = await place.SendAsync("GET", Progress, issuer.Sign(issuer.Claims()));
        time.Advance(TimeSpan.FromDays(1));
        var tooOld = await place.SendAsync("GET", Progress, issuer.Sign(issuer.Claims()));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, away), (signIn.Status, signIn.Error));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, away), (program.Status, program.Error));
        Assert.Equal(HttpStatusCode.OK, byKey.Status);
        Assert.Equal(HttpStatusCode.OK, later.Status);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (known.Status, staleToken.Status));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, away), (tooOld.Status, tooOld.Error));
        Assert.All(place.Log, l => Assert.Equal(away, l));
    }

    [Fact]
    public async Task An_issuer_that_calls_itself_otherwise_lets_nobody_in()
    {
        await using var issuer = await StubIssuer.StartAsync();
        await using var place = await OpenAsync(issuer);
        using var ann = new Visitor(place);
        issuer.CallsItself = "https://other.example";

        var seen = await ann.GetAsync("/sign-in/oidc");
        var probed = await Assert.ThrowsAsync<IOException>(() => IssuerProbe.LookAsync(issuer.Options(), default));
        issuer.CallsItself = null;
        var well = await IssuerProbe.LookAsync(issuer.Options(), default);

        Assert.Equal(seen.Error, probed.Message);
        Assert.Equal($"{new Uri(issuer.Address).Authority}: 1 key, roles from 'roles'", well);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, seen.Status);
        Assert.Contains($"calls itself 'https://other.example'; expected '{issuer.Address}', as RLHF_OIDC_ISSUER says.", seen.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_issuer_there_is_no_such_way_in()
    {
        await using var place = await Place.OpenAsync();

        var begins = await place.SendAsync("GET", "/sign-in/oidc");
        var page = await place.SendAsync("GET", "/sign-in");

        Assert.Equal((HttpStatusCode.NotFound, "No issuer is configured here; expected RLHF_OIDC_ISSUER."), (begins.Status, begins.Error));
        Assert.DoesNotContain("oidc", page.Text, StringComparison.Ordinal);
    }

    internal static Task<Place> OpenAsync(StubIssuer issuer) => Place.OpenAsync(change: o => o with { OpenIdConnect = issuer.Options() });
}
