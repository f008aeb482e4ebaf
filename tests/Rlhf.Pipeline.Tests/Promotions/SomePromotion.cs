using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Promotions;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Notifications;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Promotions;

/// <summary>A store with a champion, a challenger that a step made, and judgements for a gate; and promotions over it, by a clock that stands until it is moved.</summary>
sealed class SomePromotion : IDisposable
{
    public const string Campaign = "0f3a", Environment = "staging";

    public static readonly ArtifactRef Champion = Some.Policy('a'), Challenger = Some.Policy('b');

    readonly Dictionary<string, object> _services;
    JsonObject? _state;

    SomePromotion(int approvals, Func<IObjectStore, IObjectStore>? through, bool hasKey)
    {
        Objects = new FolderObjectStore(Folder);
        Through = through?.Invoke(Objects) ?? Objects;
        Keys = new(Path.Combine(Folder, "of-this-machine"), () => hasKey ? Signer : null, () => new());
        _services = new()
        {
            [INotifications.Service] = Notifications,
            [IPromotionKeys.Service] = Keys,
            [IPromotionRules.Service] = new PromotionRules(new Dictionary<string, int> { [Environment] = approvals }),
        };
    }

    /// <param name="through">What the promotion's steps see of the store.</param>
    public static async Task<SomePromotion> ReadyAsync(int approvals = 0, Func<IObjectStore, IObjectStore>? through = null, bool hasKey = true, string? startedBy = null)
    {
        var ready = new SomePromotion(approvals, through, hasKey);
        foreach (var environment in new[] { Aliases.Sandbox, Environment })
            await new Aliases(ready.Objects, environment).TryAppendAsync(Aliases.Champion(Campaign), new(1, Champion, "the supervised policy", ready.Time.GetUtcNow(), "first"), Token);
        var judgements = await ready.Artifacts.PutJudgementsAsync([Some.Comparison(id: "trained")], 1, [new("trained", "ann", Side.A, 1, 1, false) { Kind = LabelerKind.Person, Guidelines = "guide-1" }], new Dictionary<string, byte[]>(), Token);
        await ready.RecordAsync("BuildPreferences", new() { ["judgements"] = $"{judgements}" }, new() { ["preferences"] = Ref("preferences", '1') });
        await ready.RecordAsync("TrainRewardModel", new() { ["preferences"] = Ref("preferences", '1') }, new() { ["rewardModel"] = Ref("reward-model", '2') });
        await ready.RecordAsync("TrainPolicy", new() { ["rewardModel"] = Ref("reward-model", '2'), ["prompts"] = Ref("prompts", '3'), ["policy"] = $"{Champion}" }, new() { ["policy"] = $"{Challenger}" }, startedBy);
        return ready;
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public string Folder { get; } = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    public FolderObjectStore Objects { get; }

    public IObjectStore Through { get; set; }

    public ArtifactStore Artifacts => new(Objects);

    public PromotionStore Store => new(Objects);

    public FakeTimeProvider Time { get; } = new(new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));

    public MemoryNotifications Notifications { get; } = new();

    public EcdsaSigner Signer { get; } = EcdsaSigner.Parse(EcdsaSigner.NewPem(), "a key");

    public PromotionKeys Keys { get; }

    public Watcher Said { get; } = new();

    public static string Ref(string kind, char digit) => $"{kind}/{new string(digit, 64)}";

    public Task RecordAsync(string step, JsonObject inputs, JsonObject outputs, string? startedBy = null) => new StepRecords(Objects).CommitAsync(
        new(CanonicalJson.Hash(outputs.DeepClone()), step, 1, "0.1", "i", step, inputs, [], outputs, "Done", Time.GetUtcNow(), Time.GetUtcNow(), 1, 1, null) { StartedBy = startedBy }, Token);

    /// <summary>The gate's answer to so many judgements, of which the challenger wins the first; a different number is different evidence.</summary>
    public async Task<ArtifactRef> DecidedAsync(
        int judgements = 60, int? wins = null, LabelerKind kind = LabelerKind.Person, ArtifactRef? challenger = null, GateCriteria? criteria = null, GateCriteria? fixedBefore = null, string instance = "gate", string? startedBy = null)
    {
        var asked = await Artifacts.PutCriteriaAsync(criteria ?? new(new()) { JudgedBy = [LabelerKind.Person, LabelerKind.Simulated] }, Token);
        var before = fixedBefore is null ? asked : await Artifacts.PutCriteriaAsync(fixedBefore, Token);
        List<Comparison> compared = [.. Enumerable.Range(0, judgements).Select(i => Some.Comparison("evaluation-1", swapped: i % 2 == 0, id: $"{instance}-{i}") with { PromptId = $"{i}" })];
        List<Judgement> judged = [.. compared.Select((c, i) => new Judgement(c.Id, "someone", i < (wins ?? judgements) == (c.A.Sample == 1) ? Side.A : Side.B, 1, 1, kind == LabelerKind.Simulated) { Kind = kind, Guidelines = "guide-2" })];
        var subject = new EvaluationSubject(Champion, challenger ?? Challenger, before, 1000);
        var result = await Runner(Objects).RunAsync("DecideGate", new()
        {
            ["champion"] = $"{Champion}",
            ["challenger"] = $"{challenger ?? Challenger}",
            ["criteria"] = $"{asked}",
            ["comparisons"] = $"{await Artifacts.PutComparisonsAsync(compared, Token, (EvaluationSubject.File, CanonicalJson.Serialize(subject)))}",
            ["judgements"] = $"{await Artifacts.PutJudgementsAsync(compared, 1, judged, new Dictionary<string, byte[]>(), Token)}",
        }, new(instance, "gate") { StartedBy = startedBy }, Said, Token);
        return ArtifactRef.Parse($"{Assert.IsType<StepResult.Completed>(result).Outputs["decision"]}");
    }

    public static JsonObject Values(ArtifactRef decision, string environment = Environment, ArtifactRef? challenger = null) => new()
    {
        ["campaign"] = Campaign,
        ["champion"] = $"{Champion}",
        ["challenger"] = $"{challenger ?? Challenger}",
        ["decision"] = $"{decision}",
        ["environment"] = environment,
        ["requestedBy"] = "requester",
    };

    public StepRunner Runner(IObjectStore objects) => new(PipelineSteps.All, objects, Time, _services, TimeSpan.Zero);

    /// <summary>One dispatch of the promotion, with the state that the last one left.</summary>
    public async Task<StepResult> LookAsync(JsonObject values, string instance = "i")
    {
        var result = await Runner(Through).RunAsync("PromoteChallenger", values.DeepClone().AsObject(), new(instance, "promote", _state?.DeepClone().AsObject()), Said, Token);
        if (result is StepResult.Waiting { State: var left }) _state = JsonNode.Parse(left.ToJsonString())!.AsObject();
        return result;
    }

    /// <summary>Why the promotion was refused.</summary>
    public async Task<string> RefusedAsync(JsonObject values, string instance = "i")
    {
        var completed = Assert.IsType<StepResult.Completed>(await LookAsync(values, instance));
        Assert.Equal("Refused", completed.Outcome);
        Assert.False(completed.Outputs.ContainsKey("championVersion"));
        return $"{completed.Outputs["reason"]}";
    }

    public async Task<JsonObject> PromotedAsync(JsonObject values, string instance = "i")
    {
        var result = await LookAsync(values, instance);
        var completed = result as StepResult.Completed ?? throw new InvalidOperationException($"{result}");
        Assert.True(completed.Outcome == "Done", $"{completed.Outputs["reason"]}");
        return completed.Outputs;
    }

    public Task<AliasVersion?> StandingAsync(string environment = Environment) => new Aliases(Objects, environment).CurrentAsync(Aliases.Champion(Campaign), Token);

    public async Task<PromotionRequest> RequestAsync() => (await Store.ListAsync(Token))[0].Request;

    public Task<ApprovalAnswer> ApproveAsync(PromotionRequest request, string approver, bool approves = true, string comment = "", bool isLocal = false) =>
        Store.ApproveAsync(request, new(request.Id, request.Evidence, approver, approves, comment, Time.GetUtcNow()) { IsLocal = isLocal }, Signer, Token);

    /// <summary>A promotion's files, as an export has them.</summary>
    public async Task<Dictionary<string, byte[]>> FilesAsync(ArtifactRef promotion)
    {
        var files = new Dictionary<string, byte[]>();
        foreach (var file in (await Artifacts.ManifestAsync(promotion, Token)).Files) files[file.Path] = await Artifacts.ReadFileAsync(promotion, file.Path, Token);
        return files;
    }

    public Task<PromotionFindings> VerifyAsync(Dictionary<string, byte[]> files) => PromotionVerification.OfAsync(files, new([Signer.PublicKeyPem]), Token);

    public void Dispose()
    {
        Signer.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
