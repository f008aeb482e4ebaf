using System.Globalization;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Jobs;

/// <summary>
/// Jobs as objects of a store. Open ones: <c>jobs/open/ID.job.json</c>, <c>ID.claim-N.json</c> (N from 0, one for each worker that took it, renewed
/// while it lives), <c>ID.woken.json</c> and <c>ID.answer.json</c>; acknowledged ones: <c>jobs/done/ID.json</c>, the answer alone. Each is created once,
/// so of two workers one gets a claim and of two answers one counts.
/// </summary>
public sealed class StoredStepJobs(IObjectStore objects) : IStepJobs
{
    const string Open = "jobs/open/";

    sealed record Mark(string By);

    public async Task SubmitAsync(StepJob job, CancellationToken cancellationToken)
    {
        // Known already: an engine that was killed asks for its answer once more.
        if (await objects.ReadAsync(Done(job.Id), cancellationToken) is { } answer)
            await objects.TryCreateAsync($"{Open}{job.Id}.answer.json", answer, cancellationToken);
        await objects.TryCreateAsync($"{Open}{job.Id}.job.json", CanonicalJson.Serialize(job), cancellationToken);
    }

    public async Task<StepAnswer?> AnswerAsync(string id, CancellationToken cancellationToken)
    {
        var (name, bytes) = ($"{Open}{id}.answer.json", await objects.ReadAsync($"{Open}{id}.answer.json", cancellationToken));
        if (bytes is null) (name, bytes) = (Done(id), await objects.ReadAsync(Done(id), cancellationToken));
        return bytes is null ? null : CanonicalJson.Deserialize<StepAnswer>(bytes, name);
    }

    public async Task<IReadOnlyList<OpenJob>> OpenAsync(CancellationToken cancellationToken) =>
        [.. (await EntriesAsync(cancellationToken)).Where(j => j.Value.Has("job.json")).Select(j => new OpenJob(j.Key, j.Value.Has("answer.json")))];

    public async Task<StepJob?> FindAsync(string id, CancellationToken cancellationToken) =>
        await objects.ReadAsync($"{Open}{id}.job.json", cancellationToken) is { } bytes ? CanonicalJson.Deserialize<StepJob>(bytes, $"{Open}{id}.job.json") : null;

    public async Task AcknowledgeAsync(string id, CancellationToken cancellationToken)
    {
        if (await objects.ReadAsync($"{Open}{id}.answer.json", cancellationToken) is { } answer) await objects.TryCreateAsync(Done(id), answer, cancellationToken);
        await CancelAsync(id, cancellationToken);
    }

    public async Task<bool> WakeAsync(string id, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken) is not null
        && await objects.TryCreateAsync($"{Open}{id}.woken.json", CanonicalJson.Serialize(new Mark("event")), cancellationToken);

    public async Task<bool> IsWokenAsync(string id, CancellationToken cancellationToken) =>
        await objects.ReadAsync($"{Open}{id}.woken.json", cancellationToken) is not null;

    public async Task CancelAsync(string id, CancellationToken cancellationToken)
    {
        // The job itself first: nobody takes what is only half removed.
        foreach (var what in new[] { "job", "answer", "woken" }) await objects.DeleteAsync($"{Open}{id}.{what}.json", cancellationToken);
        var claims = 0;
        while (await ExistsAsync(Claim(id, claims), cancellationToken)) claims++;
        // The last one first: whoever is stopped in between leaves those that the next one finds.
        while (claims-- > 0) await RemoveClaimAsync(id, claims, cancellationToken);
    }

    /// <summary>What there is of each open job.</summary>
    internal async Task<Dictionary<string, JobEntries>> EntriesAsync(CancellationToken cancellationToken) =>
        (await objects.EntriesAsync(Open, cancellationToken)).GroupBy(o => o.Name[Open.Length..].Split('.')[0])
            .ToDictionary(g => g.Key, g => new JobEntries([.. g.Select(o => o with { Name = o.Name[(Open.Length + g.Key.Length + 1)..] })]));

    /// <summary>Takes the job for a worker under the claim of that number; false where another was faster.</summary>
    internal Task<bool> ClaimAsync(string id, int epoch, string worker, CancellationToken cancellationToken) =>
        objects.TryCreateAsync(Claim(id, epoch), CanonicalJson.Serialize(new Mark(worker)), cancellationToken);

    /// <summary>
    /// Says that the worker of the claim lives: four requests, however many jobs are open. False where the job is cancelled, answered or acknowledged, or
    /// another worker has taken it over.
    /// </summary>
    internal async Task<bool> BeatAsync(string id, int epoch, string worker, CancellationToken cancellationToken)
    {
        if (!await ExistsAsync($"{Open}{id}.job.json", cancellationToken))
        {
            // A beat that came while the job was ended may have made the claim anew.
            await RemoveClaimAsync(id, epoch, cancellationToken);
            return false;
        }
        if (await ExistsAsync($"{Open}{id}.answer.json", cancellationToken) || await ExistsAsync(Claim(id, epoch + 1), cancellationToken)) return false;
        await ClaimAsync(id, epoch, worker, cancellationToken);
        return true;
    }

    /// <summary>Gives a claim back, so that the job can be taken at once.</summary>
    internal Task ReleaseAsync(string id, int epoch, CancellationToken cancellationToken) =>
        objects.TryCreateAsync(Released(id, epoch), CanonicalJson.Serialize(new Mark("worker")), cancellationToken);

    /// <summary>False where there is an answer already: that one counts.</summary>
    internal Task<bool> AnswerAsync(string id, StepAnswer answer, CancellationToken cancellationToken) =>
        objects.TryCreateAsync($"{Open}{id}.answer.json", CanonicalJson.Serialize(answer), cancellationToken);

    async Task RemoveClaimAsync(string id, int epoch, CancellationToken cancellationToken)
    {
        await objects.DeleteAsync(Released(id, epoch), cancellationToken);
        await objects.DeleteAsync(Claim(id, epoch), cancellationToken);
    }

    async Task<bool> ExistsAsync(string name, CancellationToken cancellationToken)
    {
        await using var stream = await objects.OpenAsync(name, cancellationToken);
        return stream is not null;
    }

    static string Claim(string id, int epoch) => $"{Open}{id}.claim-{epoch}.json";

    static string Released(string id, int epoch) => $"{Open}{id}.claim-{epoch}-released.json";

    static string Done(string id) => $"jobs/done/{id}.json";
}

/// <summary>The objects of one open job, by their names after its id.</summary>
internal sealed record JobEntries(IReadOnlyList<StoredObject> Objects)
{
    const string Claimed = "claim-";

    public bool Has(string name) => Objects.Any(o => o.Name == name);

    /// <summary>The number of the newest claim, -1 for none, and when its worker was last heard of.</summary>
    public (int Epoch, DateTimeOffset? HeardAt) Claim()
    {
        var claims = Objects.Where(o => o.Name.StartsWith(Claimed, StringComparison.Ordinal) && !o.Name.EndsWith("-released.json", StringComparison.Ordinal))
            .Select(o => (Epoch: int.Parse(o.Name[Claimed.Length..^".json".Length], CultureInfo.InvariantCulture), Claim: o)).ToList();
        if (claims.Count == 0) return (-1, null);
        var (epoch, claim) = claims.MaxBy(c => c.Epoch);
        return (epoch, Has($"{Claimed}{epoch}-released.json") ? null : claim.RenewedAt);
    }
}
