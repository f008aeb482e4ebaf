using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Labeling;

/// <summary>Rounds that people judge by the pages of the process that drives.</summary>
public sealed partial class PagesTests(FinishedRound undisturbed)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [GeneratedRegex("Pages at (http://[0-9.:]+)")]
    private static partial Regex Address();

    [Fact]
    public async Task A_round_goes_on_by_itself_with_answers_over_HTTP_although_the_server_is_killed_and_every_answer_is_sent_twice()
    {
        await using var site = undisturbed.Prepared();
        var serve = await ServeAsync(site, "http://127.0.0.1:0");
        var address = Address().Match(serve.Error).Groups[1].Value;
        var waits = await site.RunAsync("round", "--preset", "tiny", "--labeler", "file", "--gate", site.Gate(), "--json");
        Assert.True(waits.ExitCode == 4, waits.Error);
        var missing = Assert.Single(waits.Json["waits"]!.AsArray())!["missing"]!.GetValue<int>();

        var sent = await LabelAsync(address, most: 10);
        await serve.KillAsync();
        serve = await ServeAsync(site, address);
        foreach (var answer in sent) Assert.Equal("counted", (await PostAsync(address, "answers", answer))["fate"]!.GetValue<string>());
        var rest = await LabelAsync(address, most: 10_000);
        await site.UntilAsync("the gate asks", async () => (await ProgressAsync(address))["left"]!.GetValue<int>() > 0 ? "" : null);
        await LabelAsync(address, most: 10_000);
        var instance = waits.Json["instance"]!.GetValue<string>();
        var finished = await site.UntilAsync("the round is done", async () => (await site.Look.InstancesAsync()).Find(i => i.Id == instance && !i.IsOpen));

        Assert.Equal((10, missing), (sent.Count, sent.Count + rest.Count));
        Assert.True(finished.Status == "Finished", $"{serve}");
        Assert.StartsWith("Pages at", serve.Error, StringComparison.Ordinal);
        serve.Terminate();
        Assert.Equal(0, (await serve.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task Keys_are_made_listed_and_revoked_and_a_server_for_others_needs_one()
    {
        await using var site = new Site();

        var refused = await site.RunAsync("serve", "--urls", "http://0.0.0.0:0");
        var made = await site.RunAsync("keys", "create", "ann", "--role", "labeler", "--expires-days", "30", "--json");
        var invited = await site.RunAsync("keys", "invite", "bob", "--hours", "2", "--json");
        var wrong = await site.RunAsync("keys", "create", "cem", "--role", "labeler", "--expires-days", "0");
        var listed = await site.RunAsync("keys", "list");
        var revoked = await site.RunAsync("keys", "revoke", "ann");

        Assert.Equal((1, true), (refused.ExitCode, refused.Error.Contains("this store has no valid key", StringComparison.Ordinal)));
        Assert.Matches("^rlhf_[A-Za-z0-9_-]{43}$", made.Json["key"]!.GetValue<string>());
        Assert.StartsWith("http://127.0.0.1:5210/invitations/", invited.Json["link"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal((2, "--expires-days is 0; expected 1 to 3650."), (wrong.ExitCode, wrong.Error.Trim()));
        Assert.Contains("ann", listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(made.Json["key"]!.GetValue<string>(), listed.Output, StringComparison.Ordinal);
        Assert.Equal(0, revoked.ExitCode);
    }

    [Fact]
    public async Task An_issuer_is_checked_at_the_start_and_a_name_is_linked_to_its_subject()
    {
        await using var site = new Site();

        var without = await site.RunAsync("keys", "link", "ann", "s-1");
        site.Environment["RLHF_OIDC_ISSUER"] = "http://login.example";
        site.Environment["RLHF_OIDC_CLIENT_ID"] = "rlhf";
        site.Environment["RLHF_OIDC_ROLES"] = "labelers=labeler";
        var refused = await site.RunAsync("serve");
        site.Environment["RLHF_OIDC_ISSUER"] = "https://login.example/";
        await site.RunAsync("keys", "create", "ann", "--role", "labeler");
        var linked = await site.RunAsync("keys", "link", "ann", "s-1");
        var taken = await site.RunAsync("keys", "link", "Ann", "s-2");
        var listed = await site.RunAsync("keys", "list");

        Assert.Equal((2, "No issuer is configured; expected RLHF_OIDC_ISSUER."), (without.ExitCode, without.Error.Trim()));
        Assert.Equal((2, "RLHF_OIDC_ISSUER is http at 'login.example'; expected https, or an address of this machine."), (refused.ExitCode, refused.Error.Trim()));
        Assert.Equal((0, "ann is the subject 's-1' of https://login.example from now on."), (linked.ExitCode, linked.Output.Trim()));
        Assert.Equal((2, "'Ann' is the name of another subject; expected one that no subject has."), (taken.ExitCode, taken.Error.Trim()));
        Assert.Contains("'s-1' of https://login.example", listed.Output, StringComparison.Ordinal);
    }

    static async Task<Running> ServeAsync(Site site, string urls)
    {
        var serve = site.Start("serve", "--urls", urls);
        await serve.UntilItSaysAsync("Driving");
        return serve;
    }

    /// <summary>Answers what there is, as somebody who likes the longer side; returns what was sent.</summary>
    static async Task<IReadOnlyList<JsonObject>> LabelAsync(string address, int most)
    {
        var sent = new List<JsonObject>();
        while (sent.Count < most)
        {
            var next = await PostAsync(address, "assignments", new JsonObject { ["count"] = 1 });
            foreach (var guidelines in next["guidelines"]!.AsArray().Where(g => !g!["acknowledged"]!.GetValue<bool>()))
                await QualifyAsync(address, $"{guidelines!["axis"]}", $"{guidelines["version"]}");
            if (next["assignments"]!.AsArray() is not [var question, ..])
            {
                if (next["guidelines"]!.AsArray().Count == 0) return sent;
                continue;
            }
            var answer = new JsonObject
            {
                ["key"] = $"{Guid.NewGuid()}",
                ["labeler"] = Environment.UserName,
                ["item"] = $"{question!["item"]}",
                ["choice"] = $"{question["a"]}".Length > $"{question["b"]}".Length ? "a" : "b_much",
                ["seconds"] = 1.5,
                ["guidelines"] = $"{next["guidelines"]![0]!["version"]}",
            };
            await PostAsync(address, "answers", answer);
            sent.Add(answer);
        }
        return sent;
    }

    /// <summary>Reads the guidelines, and answers their examples as they do.</summary>
    static async Task QualifyAsync(string address, string axis, string version)
    {
        await PostAsync(address, "acknowledgements", new JsonObject { ["axis"] = axis, ["version"] = version });
        var examples = await SendAsync(client => client.GetAsync($"{address}/api/labeling/examples?axis={axis}&version={version}", Token));
        var outcome = await PostAsync(address, "qualifications", new JsonObject
        {
            ["axis"] = axis,
            ["version"] = version,
            ["try"] = examples["try"]!.GetValue<int>(),
            ["choices"] = new JsonArray([.. examples["examples"]!.AsArray().Select(e => JsonValue.Create(
                IsBetter($"{e!["a"]}") ? "a" : IsBetter($"{e["b"]}") ? "b" : "tie"))]),
        });
        Assert.True(outcome["qualified"]!.GetValue<bool>(), outcome.ToJsonString());

        static bool IsBetter(string text) => text.Contains("eight legs", StringComparison.Ordinal) || text.StartsWith("While it rolls", StringComparison.Ordinal);
    }

    static Task<JsonObject> ProgressAsync(string address) => SendAsync(client => client.GetAsync($"{address}/api/labeling/progress", Token));

    static Task<JsonObject> PostAsync(string address, string path, JsonObject body) => SendAsync(client => client.PostAsJsonAsync($"{address}/api/labeling/{path}", body, Token));

    /// <summary>Waits where the server says that it was too much.</summary>
    static async Task<JsonObject> SendAsync(Func<HttpClient, Task<HttpResponseMessage>> send)
    {
        using var client = new HttpClient();
        for (var i = 0; ; i++)
        {
            using var response = await send(client);
            var text = await response.Content.ReadAsStringAsync(Token);
            if (response.StatusCode == HttpStatusCode.TooManyRequests && i < 100)
            {
                await Task.Delay(200, Token);
                continue;
            }
            Assert.True(response.IsSuccessStatusCode, $"{response.RequestMessage!.RequestUri}: {response.StatusCode} {text}");
            return JsonNode.Parse(text)!.AsObject();
        }
    }
}
