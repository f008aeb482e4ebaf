namespace Rlhf.Learning.Chat.Jinja;

/// <summary>One rendering: what it may still cost, how deep it stands, and the line it is at.</summary>
/// <remarks>
/// Every step costs one unit and every character or item that is made or looked at another, so that a hostile template
/// ends after bounded time and memory.
/// </remarks>
sealed class Rendering(string name, DateOnly? today)
{
    internal const int MaxDepth = 200;
    internal const int MaxRange = 100_000;
    const long MaxWork = 16_000_000; // more than a dialogue of a million characters takes, unless the template looks at each of them

    long _left = MaxWork;
    int _depth;

    internal DateOnly? Today => today;

    internal int Line { get; set; }

    internal void Spend(long units)
    {
        _left -= units;
        if (_left < 0)
            throw Error($"the template takes more than {MaxWork} steps and characters");
    }

    internal void Enter()
    {
        Spend(1);
        if (++_depth > MaxDepth)
            throw Error($"the template nests calls or values more than {MaxDepth} deep");
    }

    internal void Leave() => _depth--;

    internal InvalidDataException Error(string problem) => new($"Chat template '{name}', line {Line}: {problem}.");

    internal InvalidDataException Refusal(string message) => new($"Chat template '{name}' refuses the dialogue: {message}");
}
