using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Cli.Tests.Support;
using Rlhf.Tests.Support;

namespace Rlhf.Cli.Tests.Labeling;

/// <summary>Rounds that people judge in another program.</summary>
public sealed partial class ToolsTests(FinishedRound undisturbed)
{
    const string Key = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [GeneratedRegex("Pages at (http://[0-9.:]+)")]
    private static partial Regex PagesAt();

    [Fact]
    public async Task A_round_asks_in_Argilla_waits_and_goes_on_at_a_signed_webhook_and_at_the_next_call_to_its_decision()
    {
        await using var stub = await StubArgilla.OpenAsync();
        await using var site = undisturbed.Prepared();
        (site.Environment["ARGILLA_API_URL"], site.Environment["ARGILLA_API_KEY"], site.Environment["ARGILLA_WEBHOOK_SECRET"]) = (stub.Address, StubArgilla.Key, Key);
        // So long that only the webhook and the next call can make it look.
        site.Environment["RLHF_LABELING_POLL_SECONDS"] = "86400";
        string[] round = ["round", "--preset", "tiny", "--labeler", "argilla"];

        var waits = await site.RunAsync([.. round, "--json"]);
        Assert.True(waits.ExitCode == 4, $"{waits.ExitCode}: {waits.Error}");
        var still = await site.RunAsync(round);
        var first = Assert.Single(stub.Datasets);
        AnswerAll(stub, first);
        var serve = site.Start("serve", "--urls", "http://127.0.0.1:0");
        await serve.UntilItSaysAsync("Driving");
        Assert.Equal(HttpStatusCode.Unauthorized, await DeliverAsync(serve, "v1,AAAA"));
        Assert.Equal(HttpStatusCode.Accepted, await DeliverAsync(serve, null));
        await site.UntilAsync("the gate asks", () => Task.FromResult(stub.Datasets.Count == 2 && stub.Datasets[1].Records.Count > 0 ? "" : null));
        serve.Terminate();
        Assert.Equal(0, (await serve.EndAsync()).ExitCode);
        var done = await AnswerUntilDoneAsync(site, [.. round, "--json"], () => stub.Datasets.ForEach(d => AnswerAll(stub, d)));

        var wait = Assert.Single(waits.Json["waits"]!.AsArray())!;
        Assert.Equal((first.Records.Count, 0), (wait["missing"]!.GetValue<int>(), wait["judged"]!.GetValue<int>()));
        Assert.Contains(stub.Address, wait["place"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Empty(waits.Json["commands"]!.AsArray());
        Assert.Equal(4, still.ExitCode);
        Assert.Contains($"{first.Records.Count} of {first.Records.Count} judgements are missing, to be given at Argilla, dataset '{first.Name}' ({stub.Address}/dataset/{first.Body["id"]}/annotation-mode)", still.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("judgements export", still.Output, StringComparison.Ordinal);
        Assert.StartsWith("# ", $"{first.Body["guidelines"]}", StringComparison.Ordinal);
        Assert.True(done.ExitCode == 0, done.Error);
        Assert.Contains(done.Json["decision"]!.GetValue<string>(), new[] { "promote", "reject" });
        Assert.False(done.Json["simulated"]!.GetValue<bool>());
        Assert.All(stub.Datasets, d => Assert.Equal(d.Records.Count, d.Records.Select(r => $"{r["external_id"]}").Distinct().Count()));
    }

    [Fact]
    public async Task A_round_asks_in_Label_Studio_waits_on_while_it_is_away_and_goes_on_with_the_answers_at_the_next_call()
    {
        await using var stub = await StubLabelStudio.OpenAsync();
        await using var site = undisturbed.Prepared();
        (site.Environment["LABEL_STUDIO_URL"], site.Environment["LABEL_STUDIO_API_KEY"]) = (stub.Address, StubLabelStudio.Personal);
        string[] round = ["round", "--preset", "tiny", "--labeler", "label-studio", "--json"];

        var waits = await site.RunAsync(round);
        Assert.True(waits.ExitCode == 4, $"{waits.ExitCode}: {waits.Error}");
        stub.Faults = (_, _) => new Fault.Refuse(503, "", RetryAfter: 0);
        var away = await site.RunAsync(round);
        stub.Faults = (_, _) => null;
        AnswerAll(stub);
        var evaluation = await site.RunAsync(round);
        var done = await AnswerUntilDoneAsync(site, round, () => AnswerAll(stub));

        Assert.Contains($"{stub.Address}/projects/", $"{waits.Json["waits"]![0]!["place"]}", StringComparison.Ordinal);
        Assert.Equal(4, away.ExitCode);
        Assert.Contains("answered 503", $"{away.Json["waits"]![0]!["trouble"]}", StringComparison.Ordinal);
        Assert.Equal($"{waits.Json["waits"]![0]!["missing"]}", $"{away.Json["waits"]![0]!["missing"]}");
        Assert.True(evaluation.ExitCode == 4, evaluation.Error);
        Assert.True(done.ExitCode == 0, done.Error);
        Assert.Equal(stub.Projects.Count, stub.Projects.Select(p => $"{p["title"]}").Distinct().Count());
        Assert.Equal(stub.Tasks.Count, stub.Tasks.Select(t => $"{t["data"]!["pair_id"]}").Distinct().Count());
        Assert.False(done.Json["simulated"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_tool_that_is_not_configured_or_wrongly_is_said_before_anything_is_made()
    {
        await using var site = new Site();

        var none = await site.RunAsync("round", "--preset", "tiny", "--labeler", "argilla");
        site.Environment["LABEL_STUDIO_URL"] = "studio";
        var wrong = await site.RunAsync("round", "--preset", "tiny", "--labeler", "label-studio");
        site.Environment["RLHF_LABELING_POLL_SECONDS"] = "0";
        (site.Environment["LABEL_STUDIO_URL"], site.Environment["LABEL_STUDIO_API_KEY"]) = ("http://127.0.0.1:9", "0123456789");
        var poll = await site.RunAsync("round", "--preset", "tiny", "--labeler", "label-studio");
        site.Environment["ARGILLA_WEBHOOK_SECRET"] = "?";
        var secret = await site.RunAsync("serve", "--urls", "http://127.0.0.1:0");

        Assert.Equal((2, "Labeler 'argilla' needs its server's address in ARGILLA_API_URL and a key in ARGILLA_API_KEY; ARGILLA_API_URL is not set."), (none.ExitCode, none.Error.Trim()));
        Assert.Equal((2, "LABEL_STUDIO_URL is not the address of a server; expected such as https://labeling.example."), (wrong.ExitCode, wrong.Error.Trim()));
        Assert.Equal((2, "RLHF_LABELING_POLL_SECONDS is '0'; expected seconds, 1 to 86400."), (poll.ExitCode, poll.Error.Trim()));
        Assert.Equal(2, secret.ExitCode);
        Assert.Contains("ARGILLA_WEBHOOK_SECRET is no signing key", secret.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_doctor_says_whether_the_tools_answer()
    {
        await using var argilla = await StubArgilla.OpenAsync();
        await using var studio = await StubLabelStudio.OpenAsync();
        await using var site = new Site();

        var none = await site.RunAsync("doctor");
        (site.Environment["ARGILLA_API_URL"], site.Environment["ARGILLA_API_KEY"]) = (argilla.Address, StubArgilla.Key);
        (site.Environment["LABEL_STUDIO_URL"], site.Environment["LABEL_STUDIO_API_KEY"]) = (studio.Address, StubLabelStudio.Legacy);
        var both = await site.RunAsync("doctor");
        site.Environment["ARGILLA_API_KEY"] = "wrong-key";
        var refused = await site.RunAsync("doctor");

        Assert.Contains("not configured (ARGILLA_API_URL)", none.Output, StringComparison.Ordinal);
        Assert.Equal(0, both.ExitCode);
        Assert.Contains($"{argilla.Address}/: olga, owner", both.Output, StringComparison.Ordinal);
        Assert.Contains($"{studio.Address}/: 0 projects", both.Output, StringComparison.Ordinal);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("does ARGILLA_API_KEY hold a key that is valid?", refused.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-key", refused.Output + refused.Error, StringComparison.Ordinal);
    }

    /// <summary>The gate may ask for more judgements than it did at first.</summary>
    static async Task<Said> AnswerUntilDoneAsync(Site site, string[] round, Action answer)
    {
        for (var i = 0; ; i++)
        {
            answer();
            var said = await site.RunAsync(round);
            if (said.ExitCode != 4 || i == 5) return said;
        }
    }

    // Somebody who likes the longer side.
    static string Choice(JsonObject texts) => Math.Sign($"{texts["answer_a"]}".Length - $"{texts["answer_b"]}".Length) switch { 1 => "a", -1 => "b", _ => "tie" };

    static void AnswerAll(StubArgilla stub, StubArgilla.Dataset dataset)
    {
        foreach (var record in dataset.Records) stub.Respond(record, "00000000-0000-0000-0000-000000000001", Choice(record["fields"]!.AsObject()));
    }

    static void AnswerAll(StubLabelStudio stub)
    {
        foreach (var task in stub.Tasks.Where(t => t["annotations"]!.AsArray().Count == 0)) stub.Annotate(task, 3, Choice(task["data"]!.AsObject()));
    }

    /// <summary>As Argilla does: signed with the time of the event, sent later.</summary>
    static async Task<HttpStatusCode> DeliverAsync(Running serve, string? signature)
    {
        var (now, happenedAt) = (TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow() - TimeSpan.FromSeconds(4));
        var time = happenedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffff", CultureInfo.InvariantCulture);
        var body = new JsonObject { ["type"] = "record.completed", ["version"] = 1, ["timestamp"] = $"{time}Z", ["data"] = new JsonObject { ["id"] = "1" } }.ToJsonString();
        var key = Convert.FromBase64String(Key["whsec_".Length..]);
        signature ??= "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"msg_1.{happenedAt.ToUnixTimeSeconds()}.{body}")));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{PagesAt().Match(serve.Error).Groups[1].Value}/hooks/argilla") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("webhook-id", "msg_1");
        request.Headers.Add("webhook-timestamp", $"{now.ToUnixTimeSeconds()}");
        request.Headers.TryAddWithoutValidation("webhook-signature", signature);
        using var client = new HttpClient();
        using var response = await client.SendAsync(request, Token);
        return response.StatusCode;
    }
}
