namespace Rlhf.Learning.Chat.Jinja;

/// <summary>The variable loop: where a loop stands.</summary>
sealed class LoopState(IReadOnlyList<object?> items)
{
    internal static readonly string[] Names = ["index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"];

    internal int Place { get; set; }

    internal object? Get(Rendering rendering, string name) => name switch
    {
        "index" => Place + 1L,
        "index0" => (long)Place,
        "revindex" => (long)items.Count - Place,
        "revindex0" => items.Count - Place - 1L,
        "first" => Place == 0,
        "last" => Place == items.Count - 1,
        "length" => (long)items.Count,
        "previtem" => Place > 0 ? items[Place - 1] : new Undefined(name),
        "nextitem" => Place + 1 < items.Count ? items[Place + 1] : new Undefined(name),
        _ => throw rendering.Error(Unsupported(name)),
    };

    internal static string Unsupported(string name) => $"'loop.{name}' is not supported; supported are {string.Join(", ", Names)}";
}
