using System.Text.Json.Nodes;

namespace Rlhf.Cli.Tests.Support;

/// <summary>The store of a round that was killed in PPO, with so many updates left that a test can look on while it goes on.</summary>
public sealed class RoundInPpo : IAsyncLifetime
{
    readonly string _preset = Path.Combine(Directory.CreateTempSubdirectory("rlhf-test-").FullName, "long.json");
    Site _site = null!;

    internal string Instance { get; private set; } = null!;

    /// <summary>Its newest checkpoint, as epoch and number.</summary>
    internal (int Epoch, int Number) Left { get; private set; }

    internal Site Copy() => Site.CopyOf(_site.Store, savesEveryUpdate: true);

    public async ValueTask InitializeAsync()
    {
        var preset = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Rlhf.Root, "workflows", "presets", "tiny.json")))!;
        preset["TrainPolicy"]!["updates"] = 1000;
        await File.WriteAllTextAsync(_preset, preset.ToJsonString());
        _site = new() { SavesEveryUpdate = true };
        var process = _site.StartRound(_preset);
        await _site.UntilPpoHasACheckpointAsync();
        await process.KillAsync();
        Instance = Assert.Single(await _site.Look.InstancesAsync()).Id;
        Left = _site.Checkpoints()[^1];
    }

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        Directory.Delete(Path.GetDirectoryName(_preset)!, recursive: true);
    }
}
