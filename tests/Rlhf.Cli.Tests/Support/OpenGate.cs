using System.Text.Json.Nodes;
using Rlhf.Pipeline;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Tests.Support;

/// <summary>A store in which a gate has opened for a challenger, without the hours that take one there.</summary>
static class OpenGate
{
    public const string Campaign = "0f3a";

    public static readonly ArtifactRef Champion = new("policy", new('a', 64)), Challenger = new("policy", new('b', 64));

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task MakeAsync(string store, params string[] environments)
    {
        var (objects, time) = (new FolderObjectStore(store), TimeProvider.System);
        foreach (var environment in environments)
            await new Aliases(objects, environment).TryAppendAsync(Aliases.Champion(Campaign), new(1, Champion, "the supervised policy", time.GetUtcNow(), "first"), Token);
        await new Names(objects, time).AddAsync(Names.Policy, Challenger, Token);
        JsonObject outputs = new() { ["policy"] = $"{Challenger}" };
        await new StepRecords(objects).CommitAsync(new(new('7', 64), "TrainPolicy", 1, "0.1", "round", "train-policy", [], [], outputs, "Done", time.GetUtcNow(), time.GetUtcNow(), 1, 1, null), Token);

        var artifacts = new ArtifactStore(objects);
        Task<ArtifactRef> Put(string kind, params (string Name, byte[] Bytes)[] files) => artifacts.PutAsync(kind, files.ToDictionary(f => f.Name, f => f.Bytes), Token);
        var criteria = await Put("criteria", (GateCriteria.File, new GateCriteria(new()).ToBytes()));
        List<Comparison> compared = [.. Enumerable.Range(0, 60).Select(i => new Comparison(
            $"c{i}", $"p{i}", Turn.User($"Prompt {i}."), new($"p{i}", 0, " first", true, 2, Champion), new($"p{i}", 1, " second", true, 2, Challenger), "preference", "evaluation-1"))];
        var judged = compared.Select(c => new Judgement(c.Id, "someone", Side.B, 2, 3, false) { Kind = LabelerKind.Person });
        var comparisons = await Put("comparisons", ("comparisons.jsonl", JsonLines.Serialize(compared)), (EvaluationSubject.File, CanonicalJson.Serialize(new EvaluationSubject(Champion, Challenger, criteria, 100))));
        var result = await new StepRunner(PipelineSteps.All, objects, time, new Dictionary<string, object>(), TimeSpan.Zero).RunAsync("DecideGate", new()
        {
            ["champion"] = $"{Champion}",
            ["challenger"] = $"{Challenger}",
            ["criteria"] = $"{criteria}",
            ["comparisons"] = $"{comparisons}",
            ["judgements"] = $"{await Put("judgements", ("judgements.jsonl", JsonLines.Serialize(judged)))}",
        }, new("round", "decide-gate"), null, Token);
        Assert.Equal("Promote", Assert.IsType<StepResult.Completed>(result).Outcome);
    }

    /// <summary>A private key's file; the public one lies beside it (<c>.pub</c>).</summary>
    public static string Key(string store)
    {
        var file = Path.Combine(store, "signing.pem");
        var pem = EcdsaSigner.NewPem();
        using var signer = EcdsaSigner.Parse(pem, file);
        File.WriteAllText(file, pem);
        File.WriteAllText($"{file}.pub", signer.PublicKeyPem);
        return file;
    }
}
