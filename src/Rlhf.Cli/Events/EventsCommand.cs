using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;

namespace Rlhf.Cli.Events;

/// <summary><c>rlhf events send NAME</c>: wakes what waits for an event, starts what it triggers.</summary>
static class EventsCommand
{
    public static async Task<int> SendAsync(Workspace workspace, string name, string? instance, string? payload, bool json, CancellationToken cancellationToken)
    {
        var waiting = await workspace.Runtime.SendEventAsync(name, Payload(payload), instance, cancellationToken);
        Output.Write(json, new JsonObject { ["event"] = name, ["waiting"] = waiting }, () => Console.Error.WriteLine(
            waiting > 0 ? $"'{name}' is sent; {waiting} {(waiting == 1 ? "instance waits" : "instances wait")} for it."
            : instance is not null ? $"'{name}' is kept for {instance}, which does not wait for it yet."
            : $"'{name}' is sent; no instance waits for it now, and it is kept for a minute."));
        return ExitCodes.Done;
    }

    static JsonNode? Payload(string? text)
    {
        try
        {
            return text is null ? new JsonObject() : JsonNode.Parse(text);
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"The payload '{text}' is no JSON: {e.Message}", e);
        }
    }
}
