using System.Text.Json.Nodes;
using Rlhf.Steps.Json;

namespace Rlhf.Cli;

/// <summary>An answer: one JSON document on the output, or lines for people.</summary>
static class Output
{
    public static void Write(bool json, JsonNode document, Action people)
    {
        if (json) Console.Out.WriteLine(CanonicalJson.ToText(document));
        else people();
    }
}
