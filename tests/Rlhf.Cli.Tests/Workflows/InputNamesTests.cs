using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Workflows;

/// <summary>What an instance's inputs may be called by.</summary>
public sealed class InputNamesTests
{
    [Fact]
    public async Task A_preset_may_be_called_by_its_name_and_is_an_artifact_from_the_start()
    {
        await using var site = new Site();

        await site.RunAsync("run", "promotion", "--input", "preset=tiny", "--json");
        await site.RunAsync("run", "promotion", "--input", "preset=nothing-of-that-name", "--json");
        var inputs = new List<string>();
        foreach (var instance in JsonNode.Parse((await site.RunAsync("instances", "list", "--json")).Output)!.AsArray())
            inputs.Add($"{(await site.RunAsync("instances", "show", $"{instance!["id"]}", "--json")).Json["inputs"]!["preset"]}");

        // The newest first; what is no preset is the step's to refuse.
        Assert.Equal(2, inputs.Count);
        Assert.Equal("nothing-of-that-name", inputs[0]);
        Assert.StartsWith("hparams/", inputs[1], StringComparison.Ordinal);
    }
}
