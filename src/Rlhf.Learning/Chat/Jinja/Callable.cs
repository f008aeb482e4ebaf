namespace Rlhf.Learning.Chat.Jinja;

/// <summary>A filter, test, method or function: the names of its arguments, and what it gives for its subject and them.</summary>
/// <param name="Parameters">Names of the arguments in order; the first <paramref name="Required"/> cannot be left out.</param>
/// <param name="IsOpen">Takes arguments beyond the named ones.</param>
sealed record Callable(string Name, string[] Parameters, Func<Rendering, object?, Arguments, object?> Body, int Required = 0, bool IsOpen = false)
{
    /// <summary>What is wrong about a use with so many arguments and these names, or null.</summary>
    internal string? Misuse(int positional, IEnumerable<string> named)
    {
        if (IsOpen)
            return null;
        if (positional > Parameters.Length)
            return $"'{Name}' takes at most {Parameters.Length} arguments, but {positional} are given";
        var given = named.ToList();
        if (given.Find(name => !Parameters.Contains(name)) is { } unknown)
            return $"'{Name}' has no argument '{unknown}'; supported are {(Parameters.Length == 0 ? "none" : string.Join(", ", Parameters))}";
        if (given.Find(name => Array.IndexOf(Parameters, name) < positional) is { } twice)
            return $"'{Name}' is given its argument '{twice}' twice";
        return Parameters.Take(Required).Skip(positional).FirstOrDefault(name => !given.Contains(name)) is { } missing
            ? $"'{Name}' needs its argument '{missing}'"
            : null;
    }
}

/// <summary>The values of a call's arguments.</summary>
sealed record Arguments(IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    internal static readonly Arguments None = new([], new Dictionary<string, object?>());

    internal object? Get(int position, string name, object? otherwise = null) =>
        position < Positional.Count ? Positional[position] : Named.GetValueOrDefault(name, otherwise);

    internal object? First => Positional.Count > 0 ? Positional[0] : Named.Values.FirstOrDefault();

    internal Arguments Skip(int count) => new([.. Positional.Skip(count)], Named);
}
