using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Kills;

/// <summary>
/// <c>kill -9</c> of <c>rlhf serve</c> as soon as the file of a workflow that is being published has changed: before the store has the version that stands in it.
/// </summary>
[Collection(nameof(Alone))]
public sealed partial class PublishingTests(ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>Kills that must fall between the file and its row, and attempts at most.</summary>
    const int Wanted = 3, Attempts = 40;

    readonly string _folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    string File => Path.Combine(_folder, "workflows", "flow.json");

    string Store => Path.Combine(_folder, "store");

    public ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "workflows"));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_stands_in_the_file_is_published_after_a_kill_and_nothing_else_is()
    {
        var (between, before, after) = (0, 0, 0);
        string? text = null;
        for (var attempt = 0; ; attempt++)
        {
            await using var serve = await ServeAsync();
            using var client = Client(serve);
            await AssertPublishedAsync(client, text);
            if (between == Wanted || attempt == Attempts) break;
            var old = text;
            await PublishAndKillAsync(serve, client, attempt);
            text = System.IO.File.Exists(File) ? await System.IO.File.ReadAllTextAsync(File, Token) : null;
            if (text == old) before++;
            else if (Published() is not { } stored || Line(stored) != Line(text!)) between++;
            else after++;
        }

        output.WriteLine($"{between} kills between the file and its row, {before} before the file, {after} after the row.");
        Assert.True(between == Wanted, $"Only {between} kills fell between the file and its row ({before} before, {after} after).");
    }

    /// <summary>The file was written whole or not at all, and decides: what stands in it is the one published version, and looking changes nothing of it.</summary>
    async Task AssertPublishedAsync(HttpClient client, string? text)
    {
        using var published = await client.GetAsync("/elsa/api/workflow-definitions/flow?versionOptions=Published", Token);
        using var versions = await client.GetAsync("/elsa/api/workflow-definitions/flow/versions", Token);
        var items = versions.IsSuccessStatusCode ? (await versions.Content.ReadFromJsonAsync<JsonObject>(Token))!["items"]!.AsArray() : [];

        Assert.Equal(text is null ? null : Line(text), published.IsSuccessStatusCode ? Line(await published.Content.ReadAsStringAsync(Token)) : null);
        Assert.Equal(text is null ? 0 : 1, items.Count(v => v!["isPublished"]!.GetValue<bool>()));
        Assert.Equal(text, System.IO.File.Exists(File) ? await System.IO.File.ReadAllTextAsync(File, Token) : null);
    }

    /// <summary>Publishes another version; the server is killed as soon as the file has changed.</summary>
    async Task PublishAndKillAsync(Running serve, HttpClient client, int number)
    {
        using var opened = await client.GetAsync("/elsa/api/workflow-definitions/flow", Token);
        var model = opened.IsSuccessStatusCode ? (await opened.Content.ReadFromJsonAsync<JsonObject>(Token))! : Flow();
        model["root"]!["activities"]![0]!["text"]!["expression"]!["value"] = $"line {number}";
        var stamp = Stamp();
        var publishing = client.PostAsJsonAsync("/elsa/api/workflow-definitions", new JsonObject { ["model"] = model, ["publish"] = true }, Token);
        var spin = new SpinWait();
        while (Stamp() == stamp && !publishing.IsCompleted) spin.SpinOnce(-1);
        serve.KillAtOnce();
        try
        {
            (await publishing).Dispose();
        }
        catch (HttpRequestException)
        {
            // As it has to be.
        }
    }

    async Task<Running> ServeAsync()
    {
        var serve = Support.Rlhf.StartIn(_folder, Store, new Dictionary<string, string>(), "serve", "--urls", "http://127.0.0.1:0");
        await serve.UntilItSaysAsync("Driving");
        return serve;
    }

    static HttpClient Client(Running serve) => new(new HttpClientHandler { UseProxy = false }) { BaseAddress = new(Address().Match(serve.Error).Groups[1].Value) };

    /// <summary>The newest published text in the database, read without the product.</summary>
    string? Published()
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(Store, "runtime.db")};Mode=ReadWrite;Pooling=False;Default Timeout=30");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """SELECT "Json" FROM "Definitions" WHERE "DefinitionId" = 'flow' AND "State" = 'Published' """;
        return command.ExecuteScalar() as string;
    }

    (DateTime, long) Stamp() => new FileInfo(File) is { Exists: true } info ? (info.LastWriteTimeUtc, info.Length) : default;

    static string Line(string definition) => $"{JsonNode.Parse(definition)!["root"]!["activities"]![0]!["text"]!["expression"]!["value"]}";

    /// <summary>Long enough that the store needs a moment to commit it.</summary>
    static JsonObject Flow() => new()
    {
        ["definitionId"] = "flow",
        ["name"] = "flow",
        ["description"] = new string('x', 1_500_000),
        ["root"] = new JsonObject
        {
            ["id"] = "chart",
            ["type"] = "Elsa.Flowchart",
            ["version"] = 1,
            ["activities"] = new JsonArray(new JsonObject
            {
                ["id"] = "line",
                ["type"] = "Elsa.WriteLine",
                ["version"] = 1,
                ["text"] = new JsonObject { ["typeName"] = "String", ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = "" } },
            }),
            ["connections"] = new JsonArray(),
        },
    };

    [GeneratedRegex("Pages at (http://[0-9.:]+)")]
    private static partial Regex Address();
}
