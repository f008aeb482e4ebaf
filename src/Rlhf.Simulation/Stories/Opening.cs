namespace Rlhf.Simulation.Stories;

/// <summary>The first part of a story: who, what happened to which object, where, and in which of the frames it is told.</summary>
internal sealed record Opening(Protagonist Who, StoryEvent Event, string Thing, string Color, string Place, int Frame)
{
    /// <summary>How many prompts there are.</summary>
    public static int Count { get; } =
        StoryWords.Protagonists.Count * StoryWords.Colors.Count * StoryWords.Places.Count
        * StoryWords.Events.Sum(e => e.Frames.Count * (e.OfAnimals ? StoryWords.Animals : StoryWords.Things).Count);

    public static Opening Draw(Draws draws)
    {
        var opened = draws.Of(StoryWords.Events);
        return new(
            draws.Of(StoryWords.Protagonists), opened, draws.Of(opened.OfAnimals ? StoryWords.Animals : StoryWords.Things),
            draws.Of(StoryWords.Colors), draws.Of(StoryWords.Places), draws.Below(opened.Frames.Count));
    }

    /// <summary>Says name and gender of the protagonist and opens the event.</summary>
    public string Text => Event.Frames[Frame]
        .Replace("{N}", Who.Name, StringComparison.Ordinal)
        .Replace(". {S}", Who.Female ? ". She" : ". He", StringComparison.Ordinal)
        .Replace(". {P}", Who.Female ? ". Her" : ". His", StringComparison.Ordinal)
        .Replace("{P}", Who.Female ? "her" : "his", StringComparison.Ordinal)
        .Replace("{color}", Color, StringComparison.Ordinal)
        .Replace("{thing}", Thing, StringComparison.Ordinal)
        .Replace("{place}", Place, StringComparison.Ordinal);
}
