namespace Rlhf.Simulation.Gold;

/// <summary>What the lexicon knows of a word.</summary>
[Flags]
internal enum WordRole
{
    None = 0,

    /// <summary>Pronouns of one gender, possessives among them.</summary>
    She = 1 << 0,
    He = 1 << 1,

    /// <summary>Words that bring in somebody of that gender: girl, mom, king, a first name.</summary>
    Female = 1 << 2,
    Male = 1 << 3,

    /// <summary>A first name.</summary>
    Name = 1 << 4,

    /// <summary>Words after which a new name is no surprise: named, called, friend, brother.</summary>
    Introduces = 1 << 5,
    Trouble = 1 << 6,
    Joy = 1 << 7,
    Negation = 1 << 8,

    /// <summary>Words that no sentence ends in: the, and, of.</summary>
    Open = 1 << 9,
    Indefinite = 1 << 10,
    Definite = 1 << 11,

    /// <summary>Things and animals that a story can be about.</summary>
    Thing = 1 << 12,
    It = 1 << 13,

    /// <summary>Words too common to say what a text is about.</summary>
    Common = 1 << 14,

    /// <summary>Where in a story a sentence stands: how things were, what happened all at once, how it came out.</summary>
    Setting = 1 << 15,
    Turn = 1 << 16,
    Outcome = 1 << 17,
}

/// <summary>Events that a prompt can open and a completion resolve.</summary>
[Flags]
internal enum StoryEvents
{
    None = 0,
    Lost = 1,
    Broken = 2,
    Hungry = 4,
    Scared = 8,
    Wanted = 16,
    Dirty = 32,
    Sick = 64,
    Stuck = 128,
    Sad = 256,
}

internal readonly record struct WordInfo(WordRole Roles, StoryEvents Opens, StoryEvents Resolves)
{
    public bool Is(WordRole roles) => (Roles & roles) != 0;
}
