using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Tests.Support;

static class Some
{
    public static ArtifactRef Policy(char digit) => new("policy", new string(digit, 64));

    /// <summary>Side A is sample 0 (" first"), side B sample 1 (" second"), unless swapped.</summary>
    public static Comparison Comparison(string purpose = "training", bool swapped = false, string id = "c")
    {
        var first = new Completion("p", 0, " first", true, 2, Policy('a'));
        var second = new Completion("p", 1, " second", true, 2, Policy('b'));
        return new(id, "p", Turn.User("A prompt."), swapped ? second : first, swapped ? first : second, "preference", purpose);
    }
}
