using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Judging;

namespace Rlhf.Reports.Rounds;

/// <summary>What a round's artifacts say of what it used; those that are not in the store are named.</summary>
sealed class CostReader(ArtifactStore artifacts)
{
    const string CompletionsFile = "completions.jsonl", JudgementsFile = "judgements.jsonl", JudgeFile = "judge.json";

    public async Task<RoundCost> ReadAsync(RoundLineage lineage, CancellationToken cancellationToken)
    {
        var (sampled, judged, judges, missing) = (new List<SampledTokens>(), new List<CollectedJudgements>(), new List<JudgeReport>(), new List<string>());
        foreach (var (step, artifact) in lineage.Steps.SelectMany(s => s.To.Select(a => (s.Record.Step, a))))
        {
            try
            {
                if (step == nameof(SampleCompletions) && artifact.Kind == "completions") sampled.Add(await SampledAsync(step, artifact, cancellationToken));
                if (step == nameof(CollectJudgements)) judged.Add(await JudgedAsync(artifact, cancellationToken));
                if (step == nameof(CollectJudgements) && await HasAsync(artifact, JudgeFile, cancellationToken)) judges.Add(await artifacts.ReadJsonAsync<JudgeReport>(artifact, JudgeFile, cancellationToken));
            }
            catch (ArtifactNotFoundException)
            {
                missing.Add(artifact.Short);
            }
        }
        return new(sampled, judged, judges, missing);
    }

    async Task<SampledTokens> SampledAsync(string step, ArtifactRef artifact, CancellationToken cancellationToken)
    {
        var completions = await artifacts.ReadLinesAsync<Completion>(artifact, CompletionsFile, cancellationToken);
        return new(step, artifact.Short, completions.Count, completions.Sum(c => (long)c.Tokens));
    }

    async Task<CollectedJudgements> JudgedAsync(ArtifactRef artifact, CancellationToken cancellationToken)
    {
        var judgements = await artifacts.ReadLinesAsync<Judgement>(artifact, JudgementsFile, cancellationToken);
        var (judges, simulated) = (judgements.Count(j => j.Kind == LabelerKind.Judge), judgements.Count(j => j.Kind != LabelerKind.Judge && j.Simulated));
        return new(artifact.Short, judgements.Count - judges - simulated, judges, simulated, judgements.Any(j => j.Seconds is not null) ? judgements.Sum(j => j.Seconds ?? 0) : null);
    }

    async Task<bool> HasAsync(ArtifactRef artifact, string file, CancellationToken cancellationToken) =>
        (await artifacts.ManifestAsync(artifact, cancellationToken)).Files.Any(f => f.Path == file);
}
