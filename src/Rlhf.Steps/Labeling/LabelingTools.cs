namespace Rlhf.Steps.Labeling;

/// <summary>Labelers that are somebody else's program, where people answer; as they are named in <c>--labeler</c>, in labelers' names and in events.</summary>
public static class LabelingTools
{
    public const string Argilla = "argilla", LabelStudio = "label-studio";

    /// <summary>What such an event's name begins with, before the tool.</summary>
    public const string EventPrefix = "answers-at-";

    /// <summary>Happens when a tool says that something was answered there; what waits for it looks there, and believes nothing else.</summary>
    public static string EventOf(string tool) => EventPrefix + tool;
}
