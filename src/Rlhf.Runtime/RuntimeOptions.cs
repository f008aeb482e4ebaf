namespace Rlhf.Runtime;

/// <summary>Where the runtime keeps its state and how it works; nothing here changes a result.</summary>
public sealed record RuntimeOptions(string Folder)
{
    /// <summary>Connection string of PostgreSQL; null: SQLite in the folder.</summary>
    public string? Postgres { get; init; }

    /// <summary>
    /// Folders of workflow files; the first is where publishing writes, and hides files of the same name in the others. Default none: what is published stands in the
    /// store only.
    /// </summary>
    public IReadOnlyList<string> Workflows { get; init; } = [];

    /// <summary>How many steps of each queue this process runs at once.</summary>
    public IReadOnlyDictionary<string, int> Queues { get; init; } = new Dictionary<string, int> { ["cpu"] = 1, ["gpu"] = 1 };

    /// <summary>How long nothing may be heard of a worker before another one takes its step. Default 30 s.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a worker says that it lives, how far its step is, and sees that it was cancelled. Default 1 s.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often what other processes stored is looked for. Default 0.5 s.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>How long running steps have, when the process is asked to stop, to reach their next checkpoint. Default 25 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>
    /// Whether this process, while it drives, fires schedules. Default true; a process that lives only for one instance leaves them
    /// to one that stays.
    /// </summary>
    public bool FiresSchedules { get; init; } = true;

    /// <summary>
    /// Who starts what this store's schedules would start, such as <c>the Elsa server http://…</c>: their times are then kept as skipped for
    /// that reason, and not made up for later. Default null: this process fires them.
    /// </summary>
    public string? SchedulesLeftTo { get; init; }

    /// <summary>Turns a name such as <c>prompts@latest</c> among an instance's inputs (the input, its text) into what it stands for, once, when the instance starts.</summary>
    public Func<string, string, CancellationToken, Task<string>>? ResolveInput { get; init; }
}
