using Rlhf.Learning.Rewards;

namespace Rlhf.Pipeline.Scoring;

/// <summary>What is computed next of what waits for a model.</summary>
/// <param name="Jobs">Rows of the pass, at least one.</param>
/// <param name="Tile">Its fixed shape, where it is a deterministic one.</param>
sealed record NextPass(IReadOnlyList<ScoringJob> Jobs, ScoringTile? Tile);

/// <summary>What waits for one model, the oldest first. Not safe for several threads: its loop holds a lock.</summary>
/// <param name="context">Longest text of the model.</param>
/// <param name="overhead">What a pass costs besides its tokens, in tokens.</param>
sealed class ScoringBacklog(ServingOptions options, int context, double overhead)
{
    /// <summary>So many of the oldest are looked at for a pass: the search takes the square of it.</summary>
    const int Considered = 128;

    readonly List<ScoringJob> _jobs = [];

    public int Tokens { get; private set; }

    public ScoringJob? Oldest => _jobs.Count > 0 ? _jobs[0] : null;

    public bool HasRoomFor(int tokens) => _jobs.Count == 0 || Tokens + tokens <= options.QueueTokens;

    public void Add(ScoringJob job)
    {
        _jobs.Add(job);
        Tokens += job.Tokens;
    }

    /// <summary>Throws away what nobody waits for.</summary>
    public void Drop()
    {
        _jobs.RemoveAll(job =>
        {
            if (!job.Request.IsOver) return false;
            Tokens -= job.Tokens;
            return true;
        });
    }

    /// <summary>Takes the pass that the oldest text is in; null where none waits.</summary>
    /// <param name="share">Tokens of a pass of more than one row, padding included, where the budget is not less; a deterministic pass has its fixed shape instead.</param>
    public NextPass? Take(int share)
    {
        Drop();
        if (Oldest is not { } oldest) return null;
        var alike = _jobs.Where(j => j.Deterministic == oldest.Deterministic).Take(Considered).ToList();
        var pass = oldest.Deterministic ? InTile(oldest, alike) : new NextPass(Cheapest(oldest, alike, Math.Min(share, options.TokenBudget)), null);
        var taken = pass.Jobs.ToHashSet(ReferenceEqualityComparer.Instance);
        _jobs.RemoveAll(taken.Contains);
        Tokens -= pass.Jobs.Sum(j => j.Tokens);
        return pass;
    }

    /// <summary>Everything that waits, which no longer does.</summary>
    public IReadOnlyList<ScoringJob> Clear()
    {
        ScoringJob[] all = [.. _jobs];
        _jobs.Clear();
        Tokens = 0;
        return all;
    }

    NextPass InTile(ScoringJob oldest, IEnumerable<ScoringJob> alike)
    {
        var tile = ScoringTile.Of(oldest.Tokens, context);
        return new([.. alike.Where(j => ScoringTile.Of(j.Tokens, context) == tile).Take(options.Batches ? tile.Rows : 1)], tile);
    }

    IReadOnlyList<ScoringJob> Cheapest(ScoringJob oldest, List<ScoringJob> alike, int budget)
    {
        if (!options.Batches) return [oldest];
        List<ScoringJob> byLength = [.. alike.OrderBy(j => j.Tokens)];
        var place = byLength.IndexOf(oldest);
        var pass = Packing.Passes([.. byLength.Select(j => j.Tokens)], budget, overhead).First(p => p.Start.Value <= place && place < p.End.Value);
        return byLength[pass];
    }
}
