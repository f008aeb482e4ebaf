using System.Text.Json.Nodes;
using Rlhf.Cli.Engine;
using Rlhf.Cli.Stores;
using Rlhf.Pipeline.Scoring;
using Rlhf.Server.Scoring;

namespace Rlhf.Cli.Rewards;

/// <summary><c>rlhf rewards …</c>: reward models as a service.</summary>
static class RewardsCommand
{
    /// <summary>Serves reward models until it is told to stop; requests under way are answered first.</summary>
    /// <param name="models">Each <c>reference</c> or <c>name=reference</c>.</param>
    public static async Task<int> ServeAsync(
        string store, IReadOnlyList<string> models, ScoringOptions options, ServingOptions serving, bool json, CancellationToken cancellationToken)
    {
        var log = new EngineLog(Console.Error);
        await using var workspace = new Workspace(store, observer: log);
        using var meter = new ServingMeter();
        await using var rewards = await RewardServing.OpenAsync(
            [.. models.Select(Name)], workspace.Objects, workspace.References.ResolveAsync, serving, TimeProvider.System, meter, log.Trouble, cancellationToken);
        await using var server = await ScoringServer.StartAsync(
            options, rewards, workspace.Runtime, Settings.OpenIdConnect, ServingMeter.Name, TimeProvider.System, log.Trouble, cancellationToken);
        Output.Write(json, new JsonObject
        {
            ["addresses"] = new JsonArray([.. server.Addresses.Select(a => (JsonNode)a)]),
            ["models"] = new JsonArray([.. rewards.Models.Select(m => new JsonObject { ["name"] = m.Name, ["model"] = $"{m.Model}", ["members"] = m.Members, ["contextLength"] = m.ContextLength, ["precision"] = m.Precision })]),
        }, () =>
        {
            foreach (var model in rewards.Models) Console.Error.WriteLine($"{model.Name}: {model.Model.Short}, {(model.Members == 1 ? "one model" : $"an ensemble of {model.Members}")}, {model.ContextLength} tokens, {model.Precision}.");
        });
        Console.Error.WriteLine($"Reward models at {string.Join(", ", server.Addresses)}; Ctrl+C or SIGTERM answers what is under way and ends.");
        await StoppedAsync(cancellationToken);
        return ExitCodes.Done;
    }

    static ServedName Name(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var (name, reference) = equals < 0 ? (text, text) : (text[..equals], text[(equals + 1)..]);
        return name.Length is > 0 and <= 200 && reference.Length > 0 && !name.Any(char.IsControl) ? new(name, reference)
            : throw new ArgumentException($"--model is '{text}'; expected an artifact or a name, or NAME=REF with up to 200 characters for the name.");
    }

    static async Task StoppedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Stopping.");
        }
    }
}
