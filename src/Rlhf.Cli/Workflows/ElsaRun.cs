using System.Text.Json.Nodes;
using Rlhf.Adapters.Elsa;
using Rlhf.Cli.Stores;
using Rlhf.Steps.Json;

namespace Rlhf.Cli.Workflows;

/// <summary><c>rlhf run --engine elsa</c>: the same file, sent to an Elsa server and followed there.</summary>
static class ElsaRun
{
    static readonly TimeSpan Look = TimeSpan.FromSeconds(1), NotThere = TimeSpan.FromMinutes(5);

    public static async Task<int> RunAsync(Workspace workspace, string file, JsonObject inputs, bool json, CancellationToken cancellationToken)
    {
        var server = Settings.ElsaServer("--engine elsa");
        using var client = new ElsaClient(server.Api, server.Token, new SocketsHttpHandler { AllowAutoRedirect = false }, TimeProvider.System);
        var bound = await workspace.Runtime.BindAsync(file, inputs, cancellationToken);
        var definition = await client.PublishAsync(await File.ReadAllTextAsync(file, cancellationToken), file, cancellationToken);
        var instance = await client.StartAsync(definition, bound, cancellationToken);
        Console.Error.WriteLine($"Instance {instance} at {server}; Ctrl+C stops following only.");
        return Say(await FollowAsync(client, server.Api, instance, cancellationToken), json);
    }

    static async Task<ElsaInstance> FollowAsync(ElsaClient client, Uri server, string instance, CancellationToken cancellationToken)
    {
        var (heard, last) = (TimeProvider.System.GetTimestamp(), "");
        while (true)
        {
            // Elsa answers a dispatch before the instance is stored.
            if (await FindAsync(client, instance, heard, cancellationToken) is { } now)
            {
                heard = TimeProvider.System.GetTimestamp();
                if (now.Status == "Finished" || now is { SubStatus: "Suspended", Incidents.Count: > 0 }) return now;
                if (now.SubStatus != last) Console.Error.WriteLine(last = now.SubStatus);
            }
            else if (TimeProvider.System.GetElapsedTime(heard) > NotThere)
            {
                throw new InvalidOperationException($"Nothing is heard of instance {instance} at {server} for {NotThere.TotalMinutes} minutes; the server has lost it, or is away.");
            }
            await Task.Delay(Look, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Null also while the server is away: the instance goes on when it is back.</summary>
    static async Task<ElsaInstance?> FindAsync(ElsaClient client, string instance, long heard, CancellationToken cancellationToken)
    {
        try
        {
            return await client.FindAsync(instance, cancellationToken);
        }
        catch (IOException e) when (TimeProvider.System.GetElapsedTime(heard) <= NotThere)
        {
            Console.Error.WriteLine($"{e.Message} Trying again.");
            return null;
        }
    }

    static int Say(ElsaInstance instance, bool json)
    {
        if (instance.SubStatus != "Finished" || instance.Incidents.Count > 0)
            throw new InvalidOperationException($"Instance {instance.Id} is {instance.SubStatus.ToLowerInvariant()}: {(instance.Incidents.Count == 0 ? "the server names no reason" : string.Join("; ", instance.Incidents))}");
        Output.Write(json, new JsonObject { ["instance"] = instance.Id, ["status"] = instance.SubStatus, ["outputs"] = instance.Outputs.DeepClone() }, () =>
        {
            foreach (var (name, value) in instance.Outputs) Console.Out.WriteLine($"{name,-24}{(value is JsonValue text && text.TryGetValue<string>(out var plain) ? plain : CanonicalJson.ToText(value))}");
        });
        return ExitCodes.Done;
    }
}
