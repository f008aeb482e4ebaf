namespace Rlhf.Cli.Stores;

/// <summary>Where things are, from the environment; nothing here is what a result depends on.</summary>
static class Settings
{
    /// <summary><c>RLHF_DATABASE</c>: PostgreSQL for the workflow state, for many workers; without it SQLite in the store's folder.</summary>
    public static string? Database => Environment.GetEnvironmentVariable("RLHF_DATABASE") is { Length: > 0 } text ? text : null;

    /// <summary><c>RLHF_STORE</c>: the store's folder where <c>--store</c> is not given.</summary>
    public static string Store => Environment.GetEnvironmentVariable("RLHF_STORE") is { Length: > 0 } text ? text : ".rlhf";

    /// <summary><c>RLHF_LEASE_SECONDS</c>: how long nothing may be heard of a worker before another one takes its step; 2 to 3600, default 30.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static TimeSpan Lease
    {
        get
        {
            const string variable = "RLHF_LEASE_SECONDS";
            if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text) return TimeSpan.FromSeconds(30);
            return double.TryParse(text, out var seconds) && seconds is >= 2 and <= 3600
                ? TimeSpan.FromSeconds(seconds)
                : throw new ArgumentException($"{variable} is '{text}'; expected seconds, 2 to 3600.");
        }
    }

    /// <summary>Queues as <c>gpu,cpu</c> or <c>gpu=1,cpu=4</c>: how many steps of each are run at once.</summary>
    /// <exception cref="ArgumentException">The text is none.</exception>
    public static IReadOnlyDictionary<string, int>? Queues(string? text)
    {
        if (text is null) return null;
        var queues = new Dictionary<string, int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, count) = part.Split('=', 2) is [var n, var c] ? (n, c) : (part, "1");
            if (name is not ("cpu" or "gpu")) throw new ArgumentException($"'{name}' is no queue; known are cpu, gpu.");
            if (!int.TryParse(count, out var atOnce) || atOnce is < 1 or > 64) throw new ArgumentException($"Queue '{part}': '{count}' is no number of steps at once; expected 1 to 64.");
            queues[name] = atOnce;
        }
        return queues.Count > 0 ? queues : throw new ArgumentException($"'{text}' names no queue; expected such as gpu,cpu or gpu=1,cpu=4.");
    }
}
