namespace Rlhf.Simulation.Stories;

/// <summary>What a prompt opens: the frames it is told in ({N} name, {S} she or he, {P} her or his), and the acts that resolve it.</summary>
internal sealed record StoryEvent(string Name, bool OfAnimals, IReadOnlyList<string> Frames, IReadOnlyList<string> Acts);

/// <summary>A protagonist: she or he.</summary>
internal sealed record Protagonist(string Name, bool Female);

/// <summary>
/// The open word classes of the story grammar. They are few on purpose: a tokenizer of 512 entries then has a token for nearly every word,
/// and a model that is trained for a minute has seen each of them often.
/// </summary>
internal static class StoryWords
{
    public static readonly IReadOnlyList<Protagonist> Protagonists =
    [
        .. new[] { "Mia", "Ana", "Lily", "Sara", "Amy", "Lucy", "Emma", "Zoe" }.Select(n => new Protagonist(n, true)),
        .. new[] { "Tom", "Ben", "Max", "Sam", "Jack", "Leo", "Tim", "Dan" }.Select(n => new Protagonist(n, false)),
    ];

    public static readonly IReadOnlyList<StoryEvent> Events =
    [
        new("lost", false, ["{N} was {place}. {S} lost a {color} {thing}.", "{N} lost {P} {color} {thing} {place}."], ["found"]),
        new("broken", false,
            ["{N} was {place}. {S} broke a {color} {thing}.", "{N} broke {P} {color} {thing} {place}."], ["fixed"]),
        new("wanted", false,
            ["{N} was {place}. {S} wanted a {color} {thing}.", "{N} and {P} dog were {place}. {S} wanted a {color} {thing}."], ["bought", "got"]),
        new("dirty", false, ["{N} was {place}. {P} {color} {thing} got dirty.", "{N} made {P} {color} {thing} dirty {place}."], ["washed"]),
        new("hungry", true,
            ["{N} was {place}. {S} met a hungry {color} {thing}.", "{N} took {P} hat and met a hungry {color} {thing} {place}."], ["fed"]),
        new("scared", true,
            ["{N} was {place}. {S} met a scared {color} {thing}.", "{N} took {P} hat and met a scared {color} {thing} {place}."], ["held"]),
    ];

    public static readonly IReadOnlyList<string> Things = ["kite", "cup", "hat", "doll", "boat", "ball"];

    public static readonly IReadOnlyList<string> Animals = ["cat", "dog", "bird", "duck", "goat", "fox"];

    public static readonly IReadOnlyList<string> Colors = ["red", "blue", "green", "white", "brown", "black"];

    public static readonly IReadOnlyList<string> Places =
    [
        "in the park", "at school", "at the lake", "on the farm", "in the garden", "at the sea", "in the woods", "on the hill",
    ];

    public static readonly IReadOnlyList<string> Helpers = ["friend", "farmer", "teacher"];
}
