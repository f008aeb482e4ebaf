using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Access;
using Rlhf.Server.Access;
using Rlhf.Server.Elsa;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa.Forwarding;

/// <summary><c>/elsa/api</c> where the workflows are those of an Elsa server.</summary>
public sealed class ForwardingTests
{
    [Theory]
    [InlineData("GET", "/workflow-definitions?versionOptions=&Ids=a&Ids=b%26c&Page=0", "/workflow-definitions?versionOptions=&Ids=a&Ids=b%26c&Page=0", null)]
    [InlineData("POST", "/workflow-instances/0123/journal?skip=0&take=110", "/workflow-instances/0123/journal?skip=0&take=110", """{"filter":{"activityIds":["é"]}}""")]
    [InlineData("DELETE", "/workflow-definitions/my%20flow/version/3", "/workflow-definitions/my%20flow/version/3", null)]
    [InlineData("PUT", "/workflow-definitions/import", "/workflow-definitions/import", "{ not even JSON")]
    [InlineData("GET", "/activity-executions/by-id?id=a%2Bb", "/activity-executions/a%2Bb?id=a%2Bb", null)]
    public async Task A_request_goes_on_as_it_came_and_the_answer_comes_back_as_it_is(string method, string path, string target, string? body)
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);
        elsa.Answer = async context =>
        {
            (context.Response.StatusCode, context.Response.ContentType) = (StatusCodes.Status422UnprocessableEntity, "application/x-elsa");
            context.Response.Headers["x-elsa-workflow-instance-id"] = "0123";
            context.Response.Headers.ContentDisposition = "attachment; filename=flow.json";
            await context.Response.WriteAsync("what Elsa says: é");
        };

        using var request = new HttpRequestMessage(new(method), ElsaApi.Prefix + path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await place.RawAsync(request);

        Assert.Equal((method, ElsaApi.Prefix + target, body ?? ""), elsa.Asked.Select(a => (a.Method, a.Target, a.Body)).Single());
        Assert.Equal((422, "application/x-elsa", "what Elsa says: é"), ((int)answer.StatusCode, $"{answer.Content.Headers.ContentType}", await answer.Content.ReadAsStringAsync()));
        Assert.Equal(("0123", "attachment; filename=flow.json"), (answer.Headers.GetValues("x-elsa-workflow-instance-id").Single(), $"{answer.Content.Headers.ContentDisposition}"));
    }

    [Fact]
    public async Task Who_may_not_is_refused_before_the_Elsa_server_is_asked()
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);
        var routes = RouteTable.All.Where(r => r.InElsa is not null && ElsaApi.Holds(r.Pattern)).ToList();
        var keys = new List<(Role? Role, string? Key)> { (null, null) };
        foreach (var role in Enum.GetValues<Role>()) keys.Add((role, await place.KeyAsync($"the {role}", role)));

        foreach (var route in routes)
        {
            foreach (var (role, key) in keys)
            {
                var before = elsa.Asked.Count;
                var reply = await place.SendAsync(route.Method, System.Text.RegularExpressions.Regex.Replace(route.Pattern, "{[a-zA-Z]+}", "0123") + "?id=0123", key, route.Method == "GET" ? null : new JsonObject());

                var may = route.Needs == Permission.Anyone || (role is { } known && Permissions.Of(known).Contains(route.Needs));
                Assert.Equal((may, may), (elsa.Asked.Count > before, reply.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)));
            }
        }

        Assert.True(routes.Count > 80, $"{routes.Count} routes are handed on.");
    }

    [Fact]
    public async Task What_somebody_comes_in_by_here_never_reaches_the_Elsa_server_and_its_own_token_does()
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);
        elsa.Answer = context =>
        {
            context.Response.Headers.SetCookie = "theirs=1";
            context.Response.Headers.ContentSecurityPolicy = "default-src *";
            context.Response.Headers.Location = "http://elsewhere.example/";
            context.Response.Headers.Server = "Elsa";
            return context.Response.WriteAsync("{}");
        };
        var key = await place.KeyAsync("opal", Role.Operator);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{ElsaApi.Prefix}/workflow-definitions?access_token={key}");
        request.Headers.Authorization = new("Bearer", key);
        foreach (var (name, value) in new[] { ("Cookie", $"rlhf-session={key}; rlhf-page=secret"), ("X-Antiforgery", "secret"), ("Origin", place.Address), ("Referer", place.Address), ("X-Forwarded-For", "10.0.0.1"), ("X-Api-Key", "k") })
            request.Headers.Add(name, value);

        using var answer = await place.RawAsync(request);

        var asked = elsa.Asked.Single();
        Assert.Equal($"Bearer {FakeElsa.Token}", asked.Headers["Authorization"]);
        Assert.Equal($"{elsa.Api.Authority}", asked.Headers["Host"]);
        Assert.Equal(["Authorization", "Host"], asked.Headers.Keys.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(key, $"{asked.Target}{string.Join(' ', asked.Headers.Values)}", StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("script-src 'self'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.All(["Set-Cookie", "Location", "Server"], name => Assert.False(answer.Headers.Contains(name), name));
    }

    [Fact]
    public async Task Where_no_token_is_set_none_is_sent()
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await Place.OpenAsync(change: o => o with { Elsa = elsa.Server with { Token = null } });

        await place.SendAsync("GET", $"{ElsaApi.Prefix}/features/installed");

        Assert.DoesNotContain("Authorization", elsa.Asked.Single().Headers.Keys);
    }

    [Fact]
    public async Task An_Elsa_server_that_is_away_is_said_with_what_was_tried_and_is_asked_again_when_it_is_back()
    {
        var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);
        await elsa.DisposeAsync();

        var away = await place.SendAsync("POST", $"{ElsaApi.Prefix}/workflow-instances", body: new JsonObject());
        using var raw = await place.RawAsync(new(HttpMethod.Get, $"{ElsaApi.Prefix}/workflow-definitions"));

        Assert.Equal((HttpStatusCode.BadGateway, 502), (away.Status, away.Json["statusCode"]!.GetValue<int>()));
        Assert.StartsWith($"The Elsa server did not answer POST {elsa.Api}/workflow-instances: Connection refused", $"{away.Json["errors"]!["generalErrors"]![0]}", StringComparison.Ordinal);
        Assert.Equal("nosniff", raw.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("script-src 'self'", raw.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, "RLHF_ELSA_TOKEN")]
    [InlineData(HttpStatusCode.Forbidden, "RLHF_ELSA_TOKEN")]
    [InlineData(HttpStatusCode.Redirect, "RLHF_ELSA_URL")]
    public async Task An_answer_that_is_about_this_server_and_not_about_who_asks_is_a_502(HttpStatusCode status, string named)
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);
        elsa.Answer = context =>
        {
            context.Response.StatusCode = (int)status;
            return context.Response.WriteAsync("secret of the Elsa server");
        };

        var reply = await place.SendAsync("GET", $"{ElsaApi.Prefix}/workflow-definitions");

        Assert.Equal(HttpStatusCode.BadGateway, reply.Status);
        Assert.Contains($"answered {(int)status} to GET {elsa.Api}/workflow-definitions", reply.Text, StringComparison.Ordinal);
        Assert.Contains(named, reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?id=..")]
    [InlineData("?id=.")]
    [InlineData("")]
    public async Task An_id_that_is_none_is_handed_on_to_nobody(string query)
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);

        var reply = await place.SendAsync("GET", $"{ElsaApi.Prefix}/activity-executions/by-id{query}");

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Contains("expected an id", reply.Text, StringComparison.Ordinal);
        Assert.Empty(elsa.Asked);
    }

    [Theory]
    [InlineData("%252e%252e", "%252e%252e")] // decoded once here, and once there
    [InlineData("..%2F..%2Fimport", "..%252F..%252Fimport")]
    [InlineData("a%3Fb%23c", "a%3Fb%23c")]
    public async Task A_part_of_a_path_stays_one_part(string id, string target)
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);

        await place.SendAsync("POST", $"{ElsaApi.Prefix}/workflow-instances/{id}/journal", body: new JsonObject());

        Assert.Equal($"/elsa/api/workflow-instances/{target}/journal", elsa.Asked.Single().Target);
    }

    [Fact]
    public async Task A_body_that_is_too_long_is_refused_however_it_is_sent()
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{ElsaApi.Prefix}/workflow-definitions") { Content = new StreamContent(new MemoryStream(new byte[ElsaApi.LongestBody + 1])) };
        request.Headers.TransferEncodingChunked = true;

        using var answer = await place.RawAsync(request);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains($"at most {ElsaApi.LongestBody} bytes", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(elsa.Asked);
    }

    internal static Task<Place> OpenAsync(FakeElsa elsa) => Place.OpenAsync(change: o => o with { Elsa = elsa.Server });
}
