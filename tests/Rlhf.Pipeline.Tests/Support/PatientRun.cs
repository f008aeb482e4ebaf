using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Simulation.Labelers;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Notifications;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Support;

/// <summary>CollectJudgements as an engine runs it: again and again with the state that it left, by a clock that stands until it is moved.</summary>
sealed class PatientRun : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;
    readonly StepRunner _runner;
    readonly JsonObject _values;
    JsonObject? _state;

    PatientRun(JsonObject hparams, string labeler, IReadOnlyList<string> judges)
    {
        var objects = new FolderObjectStore(_folder);
        Artifacts = new(objects);
        var services = new Dictionary<string, object>
        {
            ["people"] = People,
            ["simulated"] = new SimulatedLabelers(Time),
            [INotifications.Service] = Notifications,
        };
        foreach (var name in judges) services[name] = Judges[name] = new(name);
        _runner = new(PipelineSteps.All, objects, Time, services, TimeSpan.Zero);
        _values = new() { ["labeler"] = labeler, ["seed"] = 1 };
        foreach (var (name, value) in hparams) _values[name] = value?.DeepClone();
    }

    /// <summary>Four comparisons, <c>c0</c> to <c>c3</c>, put to <c>people</c>.</summary>
    public static async Task<PatientRun> AskingAsync(JsonObject hparams, string labeler = "people", params IReadOnlyList<string> judges)
    {
        var run = new PatientRun(hparams, labeler, judges);
        run.Comparisons = [.. Enumerable.Range(0, 4).Select(i => Some.Comparison(i == 0 ? "heldOut" : "training", id: $"c{i}") with { PromptId = $"p{i}", Prompt = Turn.User($"Prompt number {i} of a few.") })];
        run._values["comparisons"] = $"{await run.Artifacts.PutComparisonsAsync(run.Comparisons, CancellationToken.None)}";
        return run;
    }

    public FakeTimeProvider Time { get; } = new(new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));

    public MemoryLabeler People { get; } = new();

    public Dictionary<string, MemoryJudge> Judges { get; } = [];

    public MemoryNotifications Notifications { get; } = new();

    public ArtifactStore Artifacts { get; }

    public IReadOnlyList<Comparison> Comparisons { get; private set; } = [];

    public Watcher Said { get; } = new();

    public string? State => _state?.ToJsonString();

    /// <summary>One dispatch; where it ends before its answer is stored, its state is not kept.</summary>
    public async Task<StepResult> LookAsync(bool isLost = false)
    {
        var execution = new StepExecution("i", "collect", _state?.DeepClone().AsObject()) { Workflow = "some-round" };
        var result = await _runner.RunAsync("CollectJudgements", _values, execution, Said, TestContext.Current.CancellationToken);
        if (isLost) return result;
        // As the store keeps it, as text.
        if (((result as StepResult.Waiting)?.State ?? (result as StepResult.Failed)?.State) is { } left) _state = JsonNode.Parse(left.ToJsonString())!.AsObject();
        return result;
    }

    /// <summary>Moves the clock to when the step asked to be looked at next, and looks.</summary>
    public async Task<StepResult> NextAsync(StepResult before)
    {
        var at = ((StepResult.Waiting)before).Deadline;
        if (at > Time.GetUtcNow()) Time.SetUtcNow(at);
        return await LookAsync();
    }

    /// <summary>Goes from look to look until there is another answer than to wait, or until the time.</summary>
    public async Task<StepResult> UntilAsync(DateTimeOffset until)
    {
        while (true)
        {
            var result = await LookAsync();
            if (result is not StepResult.Waiting { Deadline: var at } || at > until) return result;
            if (at > Time.GetUtcNow()) Time.SetUtcNow(at);
        }
    }

    public async Task<List<Judgement>> JudgementsAsync(StepResult result) =>
        await Artifacts.ReadJudgementsAsync(ReferenceOf(result), TestContext.Current.CancellationToken);

    public static ArtifactRef ReferenceOf(StepResult result) => ArtifactRef.Parse($"{Assert.IsType<StepResult.Completed>(result).Outputs["judgements"]}");

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

/// <summary>People whose answers a test gives.</summary>
sealed class MemoryLabeler : ILabeler
{
    readonly Dictionary<string, List<Judgement>> _answers = [];

    public List<LabelingRequest> Asked { get; } = [];

    public HashSet<string> Withdrawn { get; } = [];

    /// <summary>True: nothing more is to come of what is missing.</summary>
    public bool IsDone { get; set; }

    /// <summary>Why nothing can be looked at; null where it can.</summary>
    public string? Trouble { get; set; }

    /// <summary>When to look again where nothing can be looked at.</summary>
    public DateTimeOffset AgainAt { get; set; } = DateTimeOffset.UnixEpoch;

    public string? Remark { get; set; }

    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>False where the request was withdrawn before.</summary>
    public bool Answer(string comparison, string name, Side side = Side.A, int request = 0)
    {
        var id = Asked[request].Id;
        if (Withdrawn.Contains(id)) return false;
        _answers[id].Add(new(comparison, name, side, 1, 2, false) { Kind = LabelerKind.Person });
        return true;
    }

    public Task AskAsync(LabelingRequest request, CancellationToken cancellationToken)
    {
        if (_answers.TryAdd(request.Id, [])) Asked.Add(request);
        return Task.CompletedTask;
    }

    public Task<LabelingProgress> CollectAsync(LabelingRequest request, DateTimeOffset askedAt, CancellationToken cancellationToken)
    {
        if (Trouble is not null) return Task.FromResult(new LabelingProgress([], 0, AgainAt) { Trouble = Trouble });
        var missing = request.Questions.Count * request.JudgementsPerQuestion - _answers[request.Id].Count;
        return Task.FromResult(new LabelingProgress([.. _answers[request.Id]], IsDone ? 0 : missing, missing == 0 || IsDone ? null : DateTimeOffset.MaxValue) { Events = [$"people-{request.Id}"], Remark = Remark, Files = Files });
    }

    public Task WithdrawAsync(LabelingRequest request, CancellationToken cancellationToken)
    {
        Withdrawn.Add(request.Id);
        return Task.CompletedTask;
    }
}

/// <summary>Prefers side A of everything but what it refuses, and says so in its files.</summary>
sealed class MemoryJudge(string name) : ILabeler
{
    public HashSet<string> Refuses { get; } = [];

    public List<LabelingRequest> Collected { get; } = [];

    public bool AnswersAtOnce => true;

    public Task AskAsync(LabelingRequest request, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<LabelingProgress> CollectAsync(LabelingRequest request, DateTimeOffset askedAt, CancellationToken cancellationToken)
    {
        Collected.Add(request);
        var verdicts = request.Questions.Where(q => !Refuses.Contains(q.Id)).Select(q => new JudgedVerdicts(q.Id, $"judge:{name}#fair", "fair", [new(Side.A, Side.A, 2, null), new(Side.B, Side.A, 2, null)])).ToList();
        return Task.FromResult(new LabelingProgress([.. verdicts.Select(v => v.ToJudgement(null, simulated: false))], 0, null)
        {
            Remark = string.Join("; ", request.Questions.Where(q => Refuses.Contains(q.Id)).Select(q => $"{name} will not say {q.Id}")) is { Length: > 0 } remark ? remark : null,
            Files = JudgeReport.Of(name, verdicts).ToFiles(verdicts, null),
        });
    }
}
