namespace Rlhf.Pipeline.Scoring;

/// <summary>How requests become passes of a model, and how much may wait.</summary>
public sealed record ServingOptions
{
    /// <summary>Tokens of a pass, padding included, 1 to 1,000,000; a text that is longer makes a pass of its own.</summary>
    public int TokenBudget { get; init; } = 1024;

    /// <summary>How long a text may wait for others to be computed with it, while a thread has nothing to do; 0 to 10 s.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Tokens that may wait, of all requests for one model; beyond them a request is refused. One request alone is never too much.</summary>
    public int QueueTokens { get; init; } = 1 << 16;

    /// <summary>How long a request may wait that says nothing of it.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Characters of a text, prompt and completion together.</summary>
    public int LongestText { get; init; } = 1 << 16;

    /// <summary>Reward models of the store that are loaded when somebody asks for their hash, beside those with names; the one that was asked least recently makes room. 0: none.</summary>
    public int OnDemand { get; init; }

    /// <summary>What models compute in; a shorter type is used only where it keeps the order of texts.</summary>
    public Precision Precision { get; init; } = Precision.Auto;

    /// <summary>False: each text is computed alone, for comparison; one after the other by all cores, where nothing else is said of threads.</summary>
    public bool Batches { get; init; } = true;

    /// <summary>
    /// Threads of a pass, 1 to the cores; as many passes as the cores have room for are computed side by side. Null: what gives most scores, as measured when a model is loaded.
    /// Deterministic passes take all cores, as those of a trainer do.
    /// </summary>
    public int? PassThreads { get; init; }

    /// <summary>The cores of this machine, or what <c>OMP_NUM_THREADS</c> says.</summary>
    public static int MostPassThreads => Cores.Own.Count;

    internal int? ThreadsOfPass => PassThreads ?? (Batches ? null : Cores.Own.Count);

    /// <summary>How often names are looked at for another artifact.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a model whose name moved on still answers who asks for its artifact, after the last one did.</summary>
    public TimeSpan Retire { get; init; } = TimeSpan.FromMinutes(10);
}
