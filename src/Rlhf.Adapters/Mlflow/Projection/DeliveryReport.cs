namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// What one delivery did: runs made or brought up to date, metric lines sent, model versions created, aliases set or removed. What another
/// sender holds, and what can't be delivered though the server answers, stands there as sentences; the rest went through.
/// </summary>
public sealed record DeliveryReport(
    int Runs, long Lines, int Versions, int Aliases, IReadOnlyList<string> HeldByOthers, IReadOnlyList<string> Troubles)
{
    /// <summary>Nothing is left to deliver of what the store held.</summary>
    public bool Complete => HeldByOthers.Count == 0 && Troubles.Count == 0;
}

/// <summary>The same while it is counted.</summary>
sealed class DeliveryCounts
{
    public int Runs, Versions, Aliases;
    public long Lines;

    public List<string> HeldByOthers { get; } = [];

    public List<string> Troubles { get; } = [];

    public DeliveryReport Report() => new(Runs, Lines, Versions, Aliases, HeldByOthers, [.. Troubles.Select(Secrets.Clean)]);
}
