using System.Text.Json.Nodes;
using Rlhf.Adapters.Judge;
using Rlhf.Adapters.Resilience;
using Rlhf.Adapters.Tests.Mlflow.Projection;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Judge;

/// <summary>A judge over a stub endpoint, a store in memory and a constitution of three principles.</summary>
sealed class SomeJudge(StubJudge stub) : IDisposable
{
    public const string Key = "sk-not-to-be-shown";

    const string Principles = "# Some\n\nFor tests.\n\n## short\n\nPrefer the shorter one.\n\n## kind\nAxis: safety\n\nPrefer the kinder one.\n\n## true\n\nPrefer the true one.\n";

    readonly string _folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    public static readonly PipelineOptions Quick = new()
    {
        Total = TimeSpan.FromSeconds(60),
        Try = TimeSpan.FromSeconds(20),
        Retries = 2,
        FirstDelay = TimeSpan.FromMilliseconds(20),
        BreakAtLeast = 1000,
    };

    public MemoryObjects Objects { get; } = new();

    public Dictionary<string, string> Variables { get; } = new()
    {
        [JudgeSettings.Variable] = stub.Address,
        [JudgeSettings.ModelVariable] = "some-model",
        [JudgeSettings.KeyVariable] = Key,
    };

    public PipelineOptions Resilience { get; set; } = Quick;

    /// <summary>A new one each time, as in a process that was started anew.</summary>
    public ConstitutionalJudge Judge
    {
        get
        {
            File.WriteAllText(Path.Combine(_folder, "helpful-harmless-honest.md"), Principles);
            return new(() => JudgeSettings.FromEnvironment(Variables.GetValueOrDefault), Objects, new Constitutions([_folder]), TimeProvider.System, Resilience);
        }
    }

    public static Question Question(string id, string a, string b, string axis = "preference") => new(id, Turn.User("A prompt."), a, b, axis);

    public static LabelingRequest Request(params IReadOnlyList<Question> questions) => new("r", questions, 1, Seed: 7, []) { Instance = "instance-1" };

    /// <summary>Comparisons of which the second side is the longer one.</summary>
    public static LabelingRequest Several(int count) => Request([.. Enumerable.Range(0, count).Select(i => Question($"c{i}", $"Short {i}.", $"Rather longer {i}."))]);

    public async Task<LabelingProgress> AskAsync(LabelingRequest request)
    {
        var token = TestContext.Current.CancellationToken;
        var judge = Judge;
        await judge.AskAsync(request, token);
        return await judge.CollectAsync(request, DateTimeOffset.UnixEpoch, token);
    }

    public static List<JudgedVerdicts> Verdicts(LabelingProgress progress) => JsonLines.Deserialize<JudgedVerdicts>(progress.Files["verdicts.jsonl"], "verdicts.jsonl");

    public static JsonObject Report(LabelingProgress progress) => JsonNode.Parse(progress.Files["judge.json"])!.AsObject();

    public async Task<int> KeptAsync() => (await Objects.ListAsync("judge/answers/", TestContext.Current.CancellationToken)).Count;

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
