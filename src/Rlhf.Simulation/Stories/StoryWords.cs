namespace Rlhf.Simulation.Stories;

/// <summary>What a prompt opens: the frames it is told in ({N} name, {S} she or he, {P} her or his), and the acts that resolve it.</summary>
internal sealed record StoryEvent(string Name, bool OfAnimals, IReadOnlyList<string> Frames, IReadOnlyList<string> Acts);

/// <summary>A protagonist: she or he.</summary>
internal sealed record Protagonist(string Name, bool Female);

/// <summary>The open word classes of the story grammar.</summary>
internal static class StoryWords
{
    public static readonly IReadOnlyList<Protagonist> Protagonists =
    [
        .. new[] { "Mia", "Ana", "Lily", "Sara", "Amy", "Lucy", "Emma", "Zoe", "Ella", "Nora", "Rosa", "Kate" }.Select(n => new Protagonist(n, true)),
        .. new[] { "Tom", "Ben", "Max", "Sam", "Jack", "Leo", "Tim", "Dan", "Finn", "Paul", "Omar", "Hugo" }.Select(n => new Protagonist(n, false)),
    ];

    public static readonly IReadOnlyList<StoryEvent> Events =
    [
        new("lost", false, ["{N} was {place}. {S} lost a {color} {thing}.", "One day {N} lost {P} {color} {thing} {place}."], ["found"]),
        new("broken", false, ["{N} was {place}. {S} broke a {color} {thing}.", "One day {N} broke {P} {color} {thing} {place}."], ["fixed", "mended"]),
        new("wanted", false,
            ["{N} was {place}. {S} wanted a {color} {thing}.", "One day {N} was with {P} friend {place} and wanted a {color} {thing}."], ["bought", "got"]),
        new("dirty", false, ["{N} was {place}. {P} {color} {thing} got dirty.", "One day {N} made {P} {color} {thing} dirty {place}."], ["washed", "cleaned"]),
        new("hungry", true,
            ["{N} was {place}. {S} met a hungry {color} {thing}.", "One day {N} took {P} coat and met a hungry {color} {thing} {place}."], ["fed"]),
        new("scared", true,
            ["{N} was {place}. {S} met a scared {color} {thing}.", "One day {N} took {P} coat and met a scared {color} {thing} {place}."], ["hugged", "held"]),
    ];

    public static readonly IReadOnlyList<string> Things = ["kite", "cup", "hat", "doll", "book", "boat", "drum", "ball", "bag", "car"];

    public static readonly IReadOnlyList<string> Animals = ["cat", "dog", "bird", "duck", "horse", "rabbit", "goat", "pig", "mouse", "fox"];

    public static readonly IReadOnlyList<string> Colors = ["red", "blue", "green", "yellow", "white", "brown", "black", "pink"];

    public static readonly IReadOnlyList<string> Places =
    [
        "in the park", "at school", "near the river", "by the lake", "on the farm", "in the garden", "at the beach", "in the woods", "on the hill",
        "in the yard",
    ];

    public static readonly IReadOnlyList<string> Helpers = ["friend", "teacher", "farmer", "neighbor", "doctor"];
}
