using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Access;
using Rlhf.Server.Elsa;
using Rlhf.Server.Tests.Rounds;
using Rlhf.Server.Tests.Studio;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa.Forwarding;

/// <summary>The pages around Studio where the workflows are those of an Elsa server.</summary>
public sealed class ForwardedPagesTests
{
    [Theory]
    [InlineData("/studio/definitions", "Workflows", "/studio/app/", "/package/version")]
    [InlineData("/studio/definitions/my%20flow", "my flow", "/studio/app/?definition=my%20flow", "/workflow-definitions/by-definition-id/my%20flow?versionOptions=Latest")]
    [InlineData("/studio/instances", "Instances", "/studio/app/?show=instances", "/package/version")]
    [InlineData("/studio/instances/0123", "Instance 0123", "/studio/app/?instance=0123", "/workflow-instances/0123")]
    public async Task A_page_shows_what_the_Elsa_server_has_and_says_whose_it_is(string address, string title, string frame, string asked)
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);

        var page = await place.SendAsync("GET", address);

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains($"<title>{title} · RLHF</title>", page.Text, StringComparison.Ordinal);
        Assert.Contains($"<iframe src=\"{frame}\"", page.Text, StringComparison.Ordinal);
        Assert.Contains($"of the Elsa server <bdi>{elsa.Api.Authority}</bdi>", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"actions\"", page.Text, StringComparison.Ordinal);
        Assert.Equal(($"/elsa/api{asked}", $"Bearer {FakeElsa.Token}"), elsa.Asked.Select(a => (a.Target, a.Headers["Authorization"])).Single());
    }

    [Theory]
    [InlineData("/studio/definitions/nowhere", "There is no workflow &#x27;nowhere&#x27; in the Elsa server.")]
    [InlineData("/studio/instances/nowhere", "There is no instance &#x27;nowhere&#x27; in the Elsa server.")]
    [InlineData("/studio/definitions", "is no API of an Elsa server.")]
    public async Task What_the_Elsa_server_does_not_have_is_a_404(string address, string sentence)
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);
        elsa.Answer = context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        };

        var page = await place.SendAsync("GET", address);

        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Contains(sentence, page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<iframe", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_Elsa_server_that_is_away_or_does_not_know_the_token_is_said_in_the_place_of_Studio()
    {
        var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);
        elsa.Answer = context =>
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        };

        var refused = await place.SendAsync("GET", "/studio/definitions/rlhf-round");
        await elsa.DisposeAsync();
        var away = await place.SendAsync("GET", "/studio/instances");

        Assert.Equal((HttpStatusCode.BadGateway, HttpStatusCode.BadGateway), (refused.Status, away.Status));
        Assert.Contains("expected a token that it accepts (RLHF_ELSA_TOKEN).", refused.Text, StringComparison.Ordinal);
        Assert.Contains($"The Elsa server did not answer GET {elsa.Api}/package/version", away.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<iframe", $"{refused.Text}{away.Text}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_instance_of_this_store_is_led_to_and_not_changed_from_Studios_pages()
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);
        await StudioPagesTests.AddAsync(place, "flow", SomeFlow.Wait("go"));
        var id = await StudioPagesTests.StartAsync(place, "flow");
        elsa.Answer = context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        };

        var page = await place.SendAsync("GET", $"/studio/instances/{id}");
        var cancelled = await place.SendAsync("POST", $"/studio/instances/{id}/cancellations", await place.KeyAsync("opal", Role.Operator));
        var overview = await place.SendAsync("GET", "/", await place.KeyAsync("vera", Role.Viewer));

        Assert.Contains($"href=\"/rounds/{id}\"", page.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, cancelled.Status);
        Assert.Contains($"{elsa.Api}", cancelled.Error, StringComparison.Ordinal);
        Assert.NotEqual(Runtime.Interpreter.WorkflowStatus.Cancelled, (await place.Runtime.FindAsync(id))!.Status);
        Assert.Contains($"href=\"/rounds/{id}\"", overview.Text, StringComparison.Ordinal);
        Assert.DoesNotContain($"/studio/instances/{id}", overview.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_only_see_is_given_no_links_of_changes()
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);
        elsa.Answer = context => context.Response.WriteAsJsonAsync(new JsonObject
        {
            ["items"] = new JsonArray(new JsonObject { ["id"] = "1", ["links"] = Links("publish") }),
            ["links"] = Links("bulk-publish"),
            ["totalCount"] = 1,
        });

        async Task<Reply> AskAsync(Role role) => await place.SendAsync("GET", $"{ElsaApi.Prefix}/workflow-definitions", await place.KeyAsync($"the {role}", role));
        var (viewer, operates) = ((await AskAsync(Role.Viewer)).Json, (await AskAsync(Role.Operator)).Json);

        Assert.Equal(["self", "export"], viewer["links"]!.AsArray().Select(l => $"{l!["rel"]}"));
        Assert.Equal(["self", "export"], viewer["items"]![0]!["links"]!.AsArray().Select(l => $"{l!["rel"]}"));
        Assert.Equal(("1", 1), ($"{viewer["items"]![0]!["id"]}", viewer["totalCount"]!.GetValue<int>()));
        Assert.Equal(["self", "export", "bulk-publish"], operates["links"]!.AsArray().Select(l => $"{l!["rel"]}"));

        static JsonArray Links(string change) => [Link("self", "GET"), Link("export", "POST"), Link(change, "POST")];
        static JsonNode Link(string rel, string method) => new JsonObject { ["href"] = "/somewhere", ["rel"] = rel, ["method"] = method };
    }

    [Fact]
    public async Task What_a_viewer_exports_stays_the_file_that_it_is()
    {
        const string Text = """{ "links" : [ {"rel":"publish","method":"POST"} ] }""";
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await OpenAsync(elsa);
        elsa.Answer = context =>
        {
            (context.Response.ContentType, context.Response.Headers.ContentDisposition) = ("application/json", "attachment; filename=flow.json");
            return context.Response.WriteAsync(Text);
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{ElsaApi.Prefix}/workflow-definitions/flow/export");
        request.Headers.Authorization = new("Bearer", await place.KeyAsync("vera", Role.Viewer));

        using var answer = await place.RawAsync(request);

        Assert.Equal(("attachment; filename=flow.json", Text), ($"{answer.Content.Headers.ContentDisposition}", await answer.Content.ReadAsStringAsync()));
    }

    [Theory]
    [InlineData(true, "/studio/instances/0123")]
    [InlineData(false, "/rounds/0123/report")]
    public async Task A_round_that_an_Elsa_server_ran_over_this_store_leads_there_or_to_its_report(bool isShown, string leads)
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = isShown ? await OpenAsync(elsa) : await Place.OpenAsync();
        await RoundPagesTests.ReportAsync(place, "0123");

        using var answer = await place.RawAsync(new(HttpMethod.Get, "/rounds/0123"));

        Assert.Equal((HttpStatusCode.Redirect, leads), (answer.StatusCode, answer.Headers.Location?.OriginalString));
    }

    static Task<Place> OpenAsync(FakeElsa elsa) => Place.OpenAsync(change: o => StudioPagesTests.WithStudio(o) with { Elsa = elsa.Server });
}
