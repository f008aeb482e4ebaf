using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Rlhf.Pipeline.Tests.Promotions;
using Rlhf.Runtime;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Library;
using Rlhf.Server.Hosting;
using Rlhf.Server.Labeling;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Running;
using Rlhf.Tests.Support;

namespace Rlhf.Server.Tests.Support;

/// <summary>Databases that tests run on: SQLite always, PostgreSQL where it is installed.</summary>
public enum Kind { Sqlite, Postgres }

/// <summary>What the server answered.</summary>
sealed record Reply(HttpStatusCode Status, string Text)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    public string Error => Json["error"]!.GetValue<string>();
}

/// <summary>A store with a server over it, which a test may restart on the same port.</summary>
sealed class Place : IAsyncDisposable
{
    public static readonly string Root = typeof(Place).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(m => m.Key == "RepositoryRoot").Value!;

    /// <summary>The repository's folder.</summary>
    public static string Repository => Root;

    readonly string _folder;
    readonly TimeProvider _time;
    readonly string? _postgres;
    readonly SomePromotion? _promotion;
    readonly IReadOnlyList<IStep> _steps;
    HttpClient _client = null!;

    Place(TimeProvider time, string? postgres, SomePromotion? promotion, IReadOnlyList<IStep> steps) =>
        (_time, _postgres, _promotion, _steps, _folder) = (time, postgres, promotion, steps, promotion?.Folder ?? Directory.CreateTempSubdirectory("rlhf-test-").FullName);

    public WorkflowRuntime Runtime { get; private set; } = null!;

    public PagesServer Server { get; private set; } = null!;

    public string Address { get; private set; } = "http://127.0.0.1:0";

    public List<string> Log { get; } = [];

    /// <summary>Where the guidelines of this place are; at first the product's.</summary>
    public string GuidelinesFile => Path.Combine(_folder, "guidelines", "preference.md");

    /// <summary>The folder of this place's workflow files, which is not there before something is published.</summary>
    public string Workflows => Path.Combine(_folder, "workflows");

    /// <param name="promotion">The store, with the product's steps over it, where the place is about promotions; its clock is the server's and the steps'.</param>
    /// <param name="steps">What workflows may hold, where the place is about workflows.</param>
    public static async Task<Place> OpenAsync(
        Kind kind = Kind.Sqlite, TimeProvider? time = null, Func<ServerOptions, ServerOptions>? change = null, SomePromotion? promotion = null, IReadOnlyList<IStep>? steps = null)
    {
        var place = new Place(promotion?.Time ?? time ?? TimeProvider.System, kind == Kind.Postgres ? PostgresServer.NewDatabase() : null, promotion, steps ?? []);
        promotion?.Time.SetUtcNow(TimeProvider.System.GetUtcNow()); // a browser throws away cookies of the past
        Directory.CreateDirectory(Path.GetDirectoryName(place.GuidelinesFile)!);
        File.Copy(Path.Combine(Root, "workflows", "guidelines", "preference.md"), place.GuidelinesFile);
        await place.StartAsync(change);
        return place;
    }

    public ServerOptions Options(params string[] urls) => new(urls, "olga", [Path.GetDirectoryName(GuidelinesFile)!]) { RequestsPerSecond = 1000, AttemptsPerMinute = 1000, StudioFolder = StudioPackage };

    /// <summary>Where the build puts the npm package.</summary>
    public static string StudioPackage => Path.Combine(Root, "src", "Rlhf.Server", "Studio", "node_modules", "@elsa-workflows", "elsa-studio-wasm");

    public async Task StartAsync(Func<ServerOptions, ServerOptions>? change = null)
    {
        var runner = _promotion?.Runner(_promotion.Objects) ?? new StepRunner(_steps, new FolderObjectStore(_folder), _time, new Dictionary<string, object>(), TimeSpan.FromMinutes(1));
        // The engine cannot wait by a clock that stands.
        Runtime = new(new RuntimeOptions(_folder) { Postgres = _postgres, Workflows = [Workflows] }, runner, _promotion is null ? _time : TimeProvider.System);
        var options = Options(Address);
        if (_promotion is not null) options = options with { Promotions = new(_promotion.Objects, _promotion.Keys, SomePromotion.Environment, PromotionWorkflow) };
        Server = await PagesServer.StartAsync(change?.Invoke(options) ?? options, Runtime, _time, Log.Add, default);
        Address = Server.Addresses[0].Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal);
        _client = new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new(Address) };
    }

    public async Task StopAsync()
    {
        _client.Dispose();
        await Server.DisposeAsync();
        await Runtime.DisposeAsync();
    }

    /// <summary>The product's workflow files.</summary>
    public static string ProductWorkflows => Path.Combine(Root, "workflows");

    public static string PromotionWorkflow => Path.Combine(Root, "workflows", "promotion.json");

    public SomePromotion Promotion => _promotion!;

    /// <summary>Asks for the promotion of the challenger, in the environment of <see cref="SomePromotion"/> where none is named.</summary>
    public Task<Reply> PromoteAsync(string? key, string idempotency = "a-key-of-its-own", string? comment = null, string? environment = null)
    {
        Promotion.Time.Advance(TimeSpan.FromSeconds(1)); // after the gate: who made a decision is the step that finished first
        return SendAsync(
            "POST", "/api/promotions", key, new JsonObject { ["policy"] = $"{SomePromotion.Challenger}", ["environment"] = environment ?? SomePromotion.Environment, ["comment"] = comment },
            request => request.Headers.Add("Idempotency-Key", idempotency));
    }

    /// <summary>A promotion once it is in a state.</summary>
    public async Task<JsonObject> PromotionAsync(string? key, string link, string state)
    {
        Reply? last = null;
        for (var looks = 0; looks < 600; looks++, await Task.Delay(50))
        {
            last = await SendAsync("GET", link, key);
            if (last.Status == HttpStatusCode.OK && $"{last.Json["state"]}" == state) return last.Json;
        }
        throw new TimeoutException($"{link} does not become {state}: {last!.Text} {string.Join(Environment.NewLine, Log)}");
    }

    /// <summary>The one promotion that was asked for, once it waits.</summary>
    public async Task<PromotionRequest> RequestAsync()
    {
        for (var looks = 0; looks < 600; looks++, await Task.Delay(50))
        {
            if (await Promotion.Store.ListAsync(default) is [var only]) return only.Request;
        }
        List<string> instances = [];
        foreach (var i in await Runtime.ListAsync(new())) instances.Add($"{i.DefinitionId} {i.Status}: {i.Incident?.Reason} {(await Runtime.GetAsync(i.Id))?.Outputs}");
        throw new TimeoutException($"{(await Promotion.Store.ListAsync(default)).Count} promotions are asked for; expected one. {string.Join(Environment.NewLine, instances.Concat(Log.Select(l => $"{l}")))}");
    }

    /// <summary>Puts questions whose sides say which they are: x is the question's first side, y the second.</summary>
    public Task AskAsync(string request = "r", int questions = 3, int each = 1, string axis = "preference") => Runtime.Desk.PutAsync(
        new(request, [.. Enumerable.Range(1, questions).Select(i => new Question($"q{i}", Turn.User($"Prompt {i}"), $"x{i}", $"y{i}", axis))], each, 1, []), default);

    /// <summary>Puts a question that two people answer, and that an operator decides; they do not agree.</summary>
    public async Task<string> DisputeAsync(string request = "disputed")
    {
        await Runtime.Desk.PutAsync(
            new(request, [new("q", [new("system", "Be kind."), new("user", "Prompt <b>x</b>")], "x says <script>alert(1)</script>", "y says البحر", "preference")], 2, 1, []) { Care = new(Adjudicate: true) }, default);
        var item = (await Runtime.Desk.OpenAsync(null, default)).Single(q => q.Question.Id == "q").Item;
        foreach (var (labeler, choice) in new[] { ("ann", Choice.AMuch), ("bob", Choice.BSlight) })
            await Runtime.Desk.TakeAsync([new DeskAnswer($"{labeler}-{request}", new JudgementLine(item, labeler, choice)) { Comment = $"{labeler} & co" }], default);
        return item;
    }

    /// <summary>A key for somebody, who has read the guidelines.</summary>
    public async Task<string> KeyAsync(string name, Role role = Role.Labeler, string? scope = null, TimeSpan? life = null)
    {
        var key = await Runtime.Credentials.CreateKeyAsync(name, role, scope, life, default);
        if (role == Role.Labeler) await ReadGuidelinesAsync(name);
        return key;
    }

    /// <summary>Names of the events that were sent and wait for who drives, the oldest first; SQLite only.</summary>
    public IReadOnlyList<string> Events()
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(_folder, "runtime.db")};Mode=ReadOnly;Pooling=False;Default Timeout=30");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """SELECT "Json" FROM "Messages" ORDER BY "Id" """;
        using var reader = command.ExecuteReader();
        var names = new List<string>();
        while (reader.Read()) names.Add(JsonNode.Parse(reader.GetString(0))!["name"]!.GetValue<string>());
        return names;
    }

    /// <summary>Changes the database from outside; SQLite only.</summary>
    public void Execute(string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(_folder, "runtime.db")};Pooling=False;Default Timeout=30");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>The guidelines as they stand now.</summary>
    public ReadableGuidelines Guidelines(string axis = "preference") => new GuidelinesFolder([Path.GetDirectoryName(GuidelinesFile)!]).Find(axis)!;

    /// <summary>Somebody has read the guidelines, and answers their examples as they do.</summary>
    public async Task<string> ReadGuidelinesAsync(string labeler, string axis = "preference")
    {
        var guidelines = Guidelines(axis);
        await Runtime.Queue.AcknowledgeAsync(labeler, axis, guidelines.Version.Version, default);
        if (guidelines.Examples.Count > 0 && await Runtime.Queue.NextTryAsync(labeler, guidelines.Version, guidelines.Examples, default) is { } next)
            await Runtime.Queue.QualifyAsync(labeler, guidelines.Version, guidelines.Examples, next.Number, [.. next.Examples.Select(e => e.Turned(e.Example.Verdict))], default);
        return guidelines.Version.Version;
    }

    public async Task<Reply> SendAsync(string method, string path, string? key = null, JsonNode? body = null, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(new(method), path);
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        change?.Invoke(request);
        using var response = await _client.SendAsync(request);
        return new(response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The same with everything that came.</summary>
    public Task<HttpResponseMessage> RawAsync(HttpRequestMessage request) => _client.SendAsync(request);

    public Task<Reply> PostAsync(string path, string? key, JsonNode body) => SendAsync("POST", $"/api/labeling/{path}", key, body);

    /// <summary>What came without waiting for its end, such as a stream.</summary>
    public Task<HttpResponseMessage> BeginAsync(HttpRequestMessage request) => _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

    /// <summary>Starts the published version of a workflow.</summary>
    public async Task<string> StartAsync(string definitionId, JsonObject? inputs = null) =>
        (await Runtime.StartVersionAsync(definitionId, VersionOptions.Published, inputs ?? []))!;

    public Task EndedAsync(string instance) => UntilAsync(instance, s => s is WorkflowStatus.Finished or WorkflowStatus.Cancelled);

    /// <summary>Waits until an instance stands where it is to stand.</summary>
    public async Task UntilAsync(string instance, Func<WorkflowStatus, bool> isThere)
    {
        WorkflowStatus? last = null;
        for (var looks = 0; looks < 600; looks++, await Task.Delay(50))
        {
            last = (await Runtime.FindAsync(instance))?.Status;
            if (last is { } status && isThere(status)) return;
        }
        throw new TimeoutException($"Instance {instance} stays {last}. {string.Join(Environment.NewLine, Log)}");
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (_promotion is null) Directory.Delete(_folder, recursive: true);
        else _promotion.Dispose();
    }
}

static class Browsers
{
    /// <summary>A browser of a person of its own, at a place.</summary>
    public static Task<IBrowserContext> PersonAsync(this Chromium chromium, Place place, BrowserNewContextOptions? options = null) => chromium.PersonAsync(place.Address, options);
}
