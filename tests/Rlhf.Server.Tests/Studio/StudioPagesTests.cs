using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Library;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Studio;

/// <summary>The pages around Studio's elements.</summary>
public sealed class StudioPagesTests
{
    [Theory]
    [InlineData("/studio/definitions", "Workflows", "/studio/app/")]
    [InlineData("/studio/definitions/rlhf-round", "rlhf-round", "/studio/app/?definition=rlhf-round")]
    [InlineData("/studio/instances", "Instances", "/studio/app/?show=instances")]
    public async Task Each_list_definition_and_instance_has_an_address_and_a_title(string address, string title, string frame)
    {
        await using var place = await Place.OpenAsync(change: WithStudio);
        await AddAsync(place, "rlhf-round", SomeFlow.Line("hello"));

        var page = await place.SendAsync("GET", address);

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains($"<title>{title} · RLHF</title>", page.Text, StringComparison.Ordinal);
        Assert.Contains($"<iframe src=\"{frame}\"", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Studio_leads_to_the_definitions_and_the_overview_leads_to_both_lists()
    {
        await using var place = await Place.OpenAsync(change: WithStudio);

        using var first = await place.RawAsync(new(HttpMethod.Get, "/studio"));
        var overview = await place.SendAsync("GET", "/");

        Assert.Equal((HttpStatusCode.Redirect, "/studio/definitions"), (first.StatusCode, first.Headers.Location!.OriginalString));
        Assert.Contains("href=\"/studio/definitions\"", overview.Text, StringComparison.Ordinal);
        Assert.Contains("href=\"/studio/instances\"", overview.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Studios_document_alone_may_stand_in_a_frame_and_compile()
    {
        await using var place = await Place.OpenAsync(change: WithStudio);

        using var page = await place.RawAsync(new(HttpMethod.Get, "/studio/definitions"));
        using var app = await place.RawAsync(new(HttpMethod.Get, "/studio/app/"));
        var (around, inside) = (page.Headers.GetValues("Content-Security-Policy").Single(), app.Headers.GetValues("Content-Security-Policy").Single());

        Assert.Equal(("DENY", "SAMEORIGIN"), (page.Headers.GetValues("X-Frame-Options").Single(), app.Headers.GetValues("X-Frame-Options").Single()));
        Assert.Contains("frame-ancestors 'none'", around, StringComparison.Ordinal);
        Assert.Contains("frame-src 'self'", around, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'self'", inside, StringComparison.Ordinal);
        Assert.DoesNotContain("'unsafe-eval'", inside, StringComparison.Ordinal);
        Assert.DoesNotContain("'unsafe-inline'", inside.Split(';').Single(d => d.Contains("script-src", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.DoesNotContain("http", inside, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_viewer_is_told_that_workflows_are_to_be_read_only_and_a_labeler_sees_none()
    {
        await using var place = await Place.OpenAsync(change: WithStudio);

        var viewer = await place.SendAsync("GET", "/studio/definitions", await place.KeyAsync("vera", Role.Viewer));
        var operates = await place.SendAsync("GET", "/studio/definitions", await place.KeyAsync("opal", Role.Operator));
        var labeler = await place.SendAsync("GET", "/studio/definitions", await place.KeyAsync("ann"));

        Assert.Contains("to be read only", viewer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("to be read only", operates.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, labeler.Status);
    }

    [Fact]
    public async Task Who_is_not_signed_in_comes_by_a_deep_link_to_what_it_leads_to_and_by_no_link_elsewhere()
    {
        await using var place = await Place.OpenAsync(change: WithStudio);
        var key = await place.KeyAsync("vera", Role.Viewer);
        using var vera = new Visitor(place);

        var asked = await vera.GetAsync("/studio/definitions/rlhf-round.v2_b");
        var form = await vera.GetAsync(asked.Location!);
        var token = Regex.Match(form.Text, "name=\"antiforgery\" value=\"([^\"]+)\"").Groups[1].Value;

        Assert.Equal("/sign-in?page=%2Fstudio%2Fdefinitions%2Frlhf-round.v2_b", asked.Location);
        Assert.Contains("name=\"page\" value=\"/studio/definitions/rlhf-round.v2_b\"", form.Text, StringComparison.Ordinal);
        foreach (var (page, leads) in new[] { ("/studio/definitions/rlhf-round.v2_b", "/studio/definitions/rlhf-round.v2_b"), ("//elsewhere.example", "/"), ("/studio/app/../..//elsewhere", "/"), ("/studio/definitions/..", "/") })
            Assert.Equal(leads, await vera.SendAsync("/sign-in", new() { ["key"] = key, ["antiforgery"] = token, ["page"] = page }));
    }

    [Theory]
    [InlineData("/studio/definitions/none", "There is no workflow &#x27;none&#x27;.")]
    [InlineData("/studio/definitions/a%26b%22%3Cc", "There is no workflow &#x27;a&amp;b&quot;&lt;c&#x27;.")]
    [InlineData("/studio/definitions/..%2F..%2Fetc", "There is no workflow &#x27;")]
    [InlineData("/studio/instances/0123456789abcdef", "There is no instance &#x27;0123456789abcdef&#x27;.")]
    public async Task What_is_not_there_is_said_to_be_not_there(string address, string sentence)
    {
        await using var place = await Place.OpenAsync(change: WithStudio);

        var page = await place.SendAsync("GET", address);
        var standing = await place.SendAsync("GET", $"{address}/standing");

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (page.Status, standing.Status));
        Assert.Contains(sentence, page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<iframe", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_faulted_instance_says_why_and_is_retried_and_an_open_one_is_cancelled()
    {
        await using var place = await Place.OpenAsync(change: WithStudio);
        var (opal, vera) = (await place.KeyAsync("opal", Role.Operator), await place.KeyAsync("vera", Role.Viewer));
        await AddAsync(place, "broken", SomeFlow.Failure());
        await AddAsync(place, "waiting", SomeFlow.Wait());
        await place.Runtime.DriveAsync();
        var (broken, waiting) = (await StartAsync(place, "broken"), await StartAsync(place, "waiting"));
        await place.Runtime.RunAsync(broken);

        var faulted = await place.SendAsync("GET", $"/studio/instances/{broken}", opal);
        var seen = await place.SendAsync("GET", $"/studio/instances/{broken}", vera);
        var retried = await place.SendAsync("POST", $"/studio/instances/{broken}/retries", opal);
        await place.Runtime.RunAsync(broken);
        var open = await place.SendAsync("GET", $"/studio/instances/{waiting}", opal);
        var refused = await place.SendAsync("POST", $"/studio/instances/{waiting}/retries", opal);
        var cancelled = await place.SendAsync("POST", $"/studio/instances/{waiting}/cancellations", opal);
        var after = await place.SendAsync("GET", $"/studio/instances/{waiting}/standing", vera);
        var again = await place.SendAsync("POST", $"/studio/instances/{waiting}/cancellations", opal);

        Assert.Contains("it is broken", faulted.Text, StringComparison.Ordinal);
        Assert.Contains("/retries\"", faulted.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("/retries\"", seen.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.SeeOther, retried.Status);
        Assert.Equal(2, (await place.Runtime.LogAsync(broken)).Count(l => l.Event == LogEvent.Faulted && l.Execution.StartsWith("failure", StringComparison.Ordinal)));
        Assert.DoesNotContain("/retries\"", open.Text, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.SeeOther, HttpStatusCode.Conflict), (refused.Status, cancelled.Status, again.Status));
        Assert.Contains("role=\"alert\"", refused.Text, StringComparison.Ordinal);
        Assert.Contains("cancelled", after.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("data-source", after.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_lint_says_of_a_workflow_stands_above_its_picture()
    {
        await using var place = await Place.OpenAsync(change: WithStudio);
        await AddAsync(place, "fine", SomeFlow.Line("hello"));
        var draft = JsonNode.Parse(SomeFlow.Of("draft", SomeFlow.Line("hello")))!.AsObject();
        draft["root"]!["activities"]![0]!["type"] = "Acme.Unknown";
        await place.Runtime.Library.ImportAsync(draft);

        var fine = await place.SendAsync("GET", "/studio/definitions/fine/standing");
        var unknown = await place.SendAsync("GET", "/studio/definitions/draft/standing");

        Assert.Contains("published", fine.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("bad", fine.Text, StringComparison.Ordinal);
        Assert.Contains("draft, not published", unknown.Text, StringComparison.Ordinal);
        Assert.Contains("Acme.Unknown", unknown.Text, StringComparison.Ordinal);
    }

    internal static async Task AddAsync(Place place, string id, params JsonObject[] activities)
    {
        Directory.CreateDirectory(place.Workflows);
        await File.WriteAllTextAsync(Path.Combine(place.Workflows, $"{id}.json"), SomeFlow.Of(id, activities));
        await place.Runtime.Library.LookAsync();
    }

    internal static async Task<string> StartAsync(Place place, string id) => (await place.Runtime.StartVersionAsync(id, VersionOptions.Published, []))!;

    // A file that makes the folder look like the package: these tests need no npm.
    internal static Hosting.ServerOptions WithStudio(Hosting.ServerOptions options)
    {
        if (Directory.Exists(options.StudioFolder)) return options;
        var folder = Path.Combine(Path.GetDirectoryName(options.GuidelinesFolders[0])!, "studio");
        Directory.CreateDirectory(Path.Combine(folder, "_framework"));
        File.WriteAllText(Path.Combine(folder, "_framework", "blazor.webassembly.js"), "");
        return options with { StudioFolder = folder };
    }
}
