using System.Security.Cryptography;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>All that should stand in MLflow: rounds in order of their start, models with their versions in our order.</summary>
sealed record Projected(IReadOnlyList<ProjectedRound> Rounds, IReadOnlyList<ProjectedModel> Models)
{
    public static Projected Of(StoreContents contents, TrackingSettings settings) =>
        new(ProjectedRounds.Of(contents, settings), ProjectedModels.Of(contents, settings));
}

/// <summary>An instance: the parent run, and one nested run for each step of it, those with a record first, in order of their start.</summary>
sealed record ProjectedRound(string Instance, RunEnd? End, ProjectedRun Run, IReadOnlyList<ProjectedRun> Steps)
{
    /// <summary>What the ledger keeps of the parent once all of it was acknowledged under this id.</summary>
    public Delivered Acknowledged(string runId) =>
        new(runId, 0, Run.Fingerprint, End, Steps.Count(s => !s.Unfinished), Steps.Where(s => s.Unfinished).Sum(s => s.Lines));
}

/// <summary>A file among a run's artifacts.</summary>
sealed record ProjectedFile(string Path, byte[] Content);

/// <summary>
/// One run. The identity tag is <c>rlhf.instance</c> of a parent, <c>rlhf.step_key</c> of a nested run; no other run has it. Times in
/// milliseconds since 1970; metrics are the lines of the journal.
/// </summary>
sealed record ProjectedRun(
    MlflowTag Identity, string Name, MlflowRunStatus Status, long StartTime, long? EndTime,
    IReadOnlyList<MlflowParam> Params, IReadOnlyList<MlflowTag> Tags, JournalRef? Journal,
    IReadOnlyList<MlflowDatasetInput> Datasets, IReadOnlyList<ProjectedFile> Files)
{
    public string Key => Identity.Value;

    public int Lines => Journal?.Lines ?? 0;

    /// <summary>True of a step without a record: its journal is its newest checkpoint's, and more may follow.</summary>
    public bool Unfinished { get; init; }

    /// <summary>The run below its parent, null for a parent itself.</summary>
    public ProjectedRun Below(string? parent) => parent is null ? this : this with { Tags = [.. Tags, new(MlflowClient.ParentRun, parent)] };

    /// <summary>
    /// Changes whenever something would have to be sent again; the start is told once, when the run is created. Of an unfinished step only the
    /// number of lines matters: after a take-over the same lines stand there with other times.
    /// </summary>
    public string Fingerprint => CanonicalJson.Hash(CanonicalJson.ToObject(new
    {
        Identity,
        Name,
        Status,
        EndTime,
        Params,
        Tags,
        Journal = Unfinished ? null : Journal,
        Datasets,
        Files = Files.Select(f => new { f.Path, Hash = Convert.ToHexStringLower(SHA256.HashData(f.Content)) }),
    }));
}

/// <summary>
/// A registered model. Aliases are by the artifact that each names; ours are all names that an alias of this store may have: what else
/// stands there is somebody else's.
/// </summary>
sealed record ProjectedModel(
    string Name, IReadOnlyList<ProjectedVersion> Versions, IReadOnlyDictionary<string, ArtifactRef> Aliases, IReadOnlySet<string> OurAliases)
{
    public string Fingerprint => CanonicalJson.Hash(CanonicalJson.ToObject(new { Name, Versions, Aliases }));
}

/// <summary>One version: our number, the artifact, its address, and its tags.</summary>
sealed record ProjectedVersion(int Number, ArtifactRef Artifact, string Source, IReadOnlyList<MlflowTag> Tags)
{
    /// <summary>The step key of the run that made it, where a record says so.</summary>
    public string? MadeBy { get; init; }
}
