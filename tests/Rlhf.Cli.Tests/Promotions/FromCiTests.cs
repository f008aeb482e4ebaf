using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Cli.Tests.Promotions;

/// <summary>The stage promote of <c>azure-pipelines.yml</c> by its own lines, against a server that runs here.</summary>
public sealed class FromCiTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>What the stage gives to bash, in order: asks, then promotes.</summary>
    static (string Ask, string Promote) Lines(string file)
    {
        var text = File.ReadAllText(Path.Combine(Support.Rlhf.Root, file));
        var lines = text[Math.Max(0, text.IndexOf("- stage: promote", StringComparison.Ordinal))..].Split('\n').Select(l => l.Trim()).Where(l => l.Contains(": make -s promote", StringComparison.Ordinal))
            .Select(l => l[(l.IndexOf(": ", StringComparison.Ordinal) + 2)..]).ToList();
        return lines is [var ask, var promote] ? (ask, promote) : throw new InvalidDataException($"{file} has {lines.Count} lines of the stage promote; expected 2.");
    }

    static async Task<Said> BashAsync(Site site, string line, string policy = "policy@1")
    {
        var start = new ProcessStartInfo("bash") { WorkingDirectory = Support.Rlhf.Root, RedirectStandardOutput = true, RedirectStandardError = true, ArgumentList = { "-c", line } };
        foreach (var inherited in start.Environment.Keys.Where(k => k.StartsWith("RLHF", StringComparison.Ordinal)).ToList()) start.Environment.Remove(inherited);
        foreach (var (name, value) in site.Environment) start.Environment[name] = value;
        (start.Environment["RLHF"], start.Environment["RLHF_STORE"]) = ($"dotnet {Support.Rlhf.Program}", site.Store);
        (start.Environment["POLICY"], start.Environment["ENVIRONMENT"], start.Environment["REQUESTED_BY"]) = (policy, "staging", "the pipeline");
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        return new(process.ExitCode, await output, await error);
    }

    static async Task<(Site Site, Running Serve, HttpClient Ann)> ServedAsync()
    {
        var site = new Site();
        await OpenGate.MakeAsync(site.Store, Aliases.Sandbox, "staging");
        (site.Environment["RLHF_APPROVALS"], site.Environment["RLHF_SIGNING_KEY"]) = ("staging=1", OpenGate.Key(site.Store));
        var key = $"{(await site.RunAsync("keys", "create", "ann", "--role", "approver", "--json")).Json["key"]}";
        var serve = site.Start("serve", "--urls", "http://127.0.0.1:0");
        await serve.UntilItSaysAsync("Driving");
        var address = serve.Error[serve.Error.IndexOf("http://127", StringComparison.Ordinal)..].Split(';', ' ')[0];
        return (site, serve, new() { BaseAddress = new(address), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } });
    }

    static async Task SayAsync(Running serve, HttpClient ann, bool approves, string comment)
    {
        Assert.True(!serve.HasExited, $"The server is gone: {serve}");
        var promotion = (await ann.GetFromJsonAsync<JsonObject>("/api/promotions/policy@1?environment=staging", Token))!;
        Assert.Equal(("Waiting", "the pipeline"), ($"{promotion["state"]}", $"{promotion["requestedBy"]}"));
        using var answer = await ann.PostAsJsonAsync($"/api/promotions/{promotion["id"]}/approvals", new { approves, comment, evidence = $"{promotion["evidence"]}" }, Token);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
    }

    static Task<AliasVersion?> ChampionAsync(Site site) => new Aliases(new FolderObjectStore(site.Store), "staging").CurrentAsync(Aliases.Champion(OpenGate.Campaign), Token);

    [Fact]
    public async Task The_stages_own_lines_end_with_4_while_it_waits_and_print_the_record_once_it_is_approved_over_http()
    {
        var (ask, promote) = Lines("azure-pipelines.yml");
        var (site, serve, ann) = await ServedAsync();
        await using var _ = site;
        using var __ = ann;

        var asked = await BashAsync(site, ask);
        var waiting = await BashAsync(site, promote);
        await SayAsync(serve, ann, approves: true, "read it");
        var promoted = await BashAsync(site, promote);
        var again = await BashAsync(site, promote);

        Assert.True((asked.ExitCode, waiting.ExitCode) == (0, 4), asked.Error + waiting.Error);
        Assert.Contains("waits for approval", waiting.Output, StringComparison.Ordinal);
        Assert.True(promoted.ExitCode == 0, promoted.Output + promoted.Error);
        Assert.Contains("Record: promotion/", promoted.Output, StringComparison.Ordinal);
        Assert.Contains("ann approved at", promoted.Output, StringComparison.Ordinal);
        Assert.Equal(0, again.ExitCode);
        Assert.Equal((2, OpenGate.Challenger), ((await ChampionAsync(site))!.Version, (await ChampionAsync(site))!.Artifact));
    }

    [Fact]
    public async Task A_rejected_promotion_ends_with_3_and_what_stands_for_a_policy_is_never_a_command()
    {
        var (ask, promote) = Lines("azure-pipelines.yml");
        var (site, serve, ann) = await ServedAsync();
        await using var _ = site;
        using var __ = ann;
        var proof = Path.Combine(site.Store, "proof");

        await BashAsync(site, ask);
        await SayAsync(serve, ann, approves: false, "not these prompts");
        var rejected = await BashAsync(site, promote);
        var odd = await BashAsync(site, promote, $"policy@1'; touch {proof}; $(shell touch {proof}) `touch {proof}`");
        var none = await BashAsync(site, promote, "");

        Assert.True(rejected.ExitCode == 3, rejected.Output + rejected.Error);
        Assert.Contains("ann rejected it", rejected.Output, StringComparison.Ordinal);
        Assert.Equal(OpenGate.Champion, (await ChampionAsync(site))!.Artifact);
        Assert.NotEqual(0, odd.ExitCode);
        Assert.False(File.Exists(proof));
        Assert.Equal(2, none.ExitCode);
        Assert.Contains("POLICY names no policy", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_example_for_GitHub_has_the_same_lines() => Assert.Equal(Lines("azure-pipelines.yml"), Lines(Path.Combine("infra", "github", "promote.yml")));
}
