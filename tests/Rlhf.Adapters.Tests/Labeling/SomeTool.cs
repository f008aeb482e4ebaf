using System.Text.Json.Nodes;
using Rlhf.Adapters.Labeling;
using Rlhf.Adapters.Labeling.Argilla;
using Rlhf.Adapters.Labeling.LabelStudio;
using Rlhf.Adapters.Resilience;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Labeling;

public enum ToolKind { Argilla, LabelStudio }

/// <summary>A stub of a tool with a labeler over it, and what annotators do there, the same for each kind.</summary>
abstract class SomeTool(StubTool stub, ToolKind kind) : IAsyncDisposable
{
    public static readonly TimeSpan Poll = TimeSpan.FromSeconds(60);

    readonly string _guidelines = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    public StubTool Stub => stub;

    public ToolKind Kind => kind;

    public string Prefix => kind == ToolKind.Argilla ? "argilla:" : "label-studio:";

    public static async Task<SomeTool> OpenAsync(ToolKind kind) => kind == ToolKind.Argilla ? new SomeArgilla(await StubArgilla.OpenAsync()) : new SomeLabelStudio(await StubLabelStudio.OpenAsync());

    /// <param name="retries">0: what the first failure does, as a process that dies with it.</param>
    public ILabeler Labeler(int retries = 5, TimeSpan? attempt = null, string? key = null)
    {
        var patience = new PipelineOptions
        {
            Total = TimeSpan.FromMinutes(2),
            Try = attempt ?? TimeSpan.FromSeconds(20),
            Retries = retries,
            FirstDelay = TimeSpan.FromMilliseconds(5),
            LongestDelay = TimeSpan.FromMilliseconds(20),
            BreakAtLeast = 1000,
        };
        var guidelines = new GuidelinesFiles([_guidelines]);
        var values = Variables(key);
        return kind == ToolKind.Argilla
            ? ToolLabelers.Argilla(ArgillaSettings.FromEnvironment(values.GetValueOrDefault)!, guidelines, Poll, TimeProvider.System, patience)
            : ToolLabelers.LabelStudio(LabelStudioSettings.FromEnvironment(values.GetValueOrDefault)!, guidelines, Poll, TimeProvider.System, patience);
    }

    public Dictionary<string, string> Variables(string? key = null) => kind == ToolKind.Argilla
        ? new() { ["ARGILLA_API_URL"] = stub.Address, ["ARGILLA_API_KEY"] = key ?? StubArgilla.Key, ["ARGILLA_WORKSPACE"] = "team" }
        : new() { ["LABEL_STUDIO_URL"] = stub.Address, ["LABEL_STUDIO_API_KEY"] = key ?? StubLabelStudio.Legacy };

    /// <summary>Returns the version.</summary>
    public string Guidelines(string axis, string text)
    {
        File.WriteAllText(Path.Combine(_guidelines, $"{axis}.md"), text);
        return GuidelinesVersion.Of(text);
    }

    /// <summary>Questions whose sides say which they are: x is the question's own first side, y the second.</summary>
    public static LabelingRequest Request(int questions, int each = 1, string axis = "preference", string id = "request-7") =>
        new(id, [.. Enumerable.Range(1, questions).Select(i => new Question($"q{i}", Turn.User($"Prompt {i}"), $"x{i}", $"y{i}", axis))], each, 11, []);

    public abstract int Sets { get; }

    /// <summary>The questions that stand there, by their prompts, in the order in which they stand, copies included.</summary>
    public abstract IReadOnlyList<JsonObject> Items { get; }

    /// <summary>What is shown there of an item: prompt, answer_a, answer_b and whatever else annotators may see or find.</summary>
    public abstract JsonObject Texts(JsonObject item);

    public JsonObject Item(int question) => Items.Single(i => $"{Texts(i)["prompt"]}" == $"Prompt {question}");

    /// <summary>True where the question's own first side is what annotators see as A.</summary>
    public bool ShowsOwnSideFirst(int question) => $"{Texts(Item(question))["answer_a"]}" == $"x{question}";

    public abstract JsonObject Answer(JsonObject item, int user, string? choice, bool counts = true);

    public abstract void Change(JsonObject answer, string choice);

    public abstract void Remove(JsonObject item, JsonObject answer);

    public abstract void AddForeign(string text);

    /// <summary>Labeler's name of a user.</summary>
    public abstract string Name(int user);

    public async ValueTask DisposeAsync()
    {
        await stub.DisposeAsync();
        Directory.Delete(_guidelines, recursive: true);
    }

    sealed class SomeArgilla(StubArgilla stub) : SomeTool(stub, ToolKind.Argilla)
    {
        public override int Sets => stub.Datasets.Count;

        public override IReadOnlyList<JsonObject> Items => [.. stub.Datasets.SelectMany(d => d.Records)];

        public override JsonObject Texts(JsonObject item) => item["fields"]!.AsObject();

        public override JsonObject Answer(JsonObject item, int user, string? choice, bool counts = true) => stub.Respond(item, User(user), choice, counts ? "submitted" : user % 2 == 0 ? "draft" : "discarded");

        public override void Change(JsonObject answer, string choice) =>
            stub.Respond(Items.Single(i => $"{i["id"]}" == $"{answer["record_id"]}"), $"{answer["user_id"]}", choice);

        public override void Remove(JsonObject item, JsonObject answer) => item["responses"]!.AsArray().Remove(answer);

        public override void AddForeign(string text) =>
            stub.AddRecord(stub.Datasets[0], Items.Count % 2 == 0 ? null : "mine", new() { ["prompt"] = text, ["answer_a"] = "a", ["answer_b"] = "b" });

        public override string Name(int user) => $"argilla:{User(user)}";

        static string User(int user) => $"00000000-0000-0000-0000-{user:000000000000}";
    }

    sealed class SomeLabelStudio(StubLabelStudio stub) : SomeTool(stub, ToolKind.LabelStudio)
    {
        public override int Sets => stub.Projects.Count;

        public override IReadOnlyList<JsonObject> Items => stub.Tasks;

        public override JsonObject Texts(JsonObject item) => item["data"]!.AsObject();

        public override JsonObject Answer(JsonObject item, int user, string? choice, bool counts = true) => stub.Annotate(item, user, choice, skipped: !counts);

        public override void Change(JsonObject answer, string choice) => stub.Update(answer, choice);

        public override void Remove(JsonObject item, JsonObject answer) => item["annotations"]!.AsArray().Remove(answer);

        public override void AddForeign(string text) => stub.AddTask(stub.Projects[0], new() { ["prompt"] = text, ["answer_a"] = "a", ["answer_b"] = "b" });

        public override string Name(int user) => $"label-studio:{user}";
    }
}
