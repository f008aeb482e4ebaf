using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Models;

/// <summary><c>rlhf models</c> on the store of a finished round, and <c>rlhf judgements</c>.</summary>
public sealed class ModelsTests(FinishedRound round)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_supervised_policy_goes_out_and_comes_into_another_store_as_the_same_artifact()
    {
        await using var site = new Site();
        var folder = Path.Combine(site.Store, "out");
        var shown = await Support.Rlhf.Run(round.Store, "artifacts", "show", "policy@1", "--json");

        var exported = await Support.Rlhf.Run(round.Store, "models", "export", "policy@1", folder, "--json");
        var imported = await site.RunAsync("models", "import", folder, "--name", "from-hub", "--json");
        var refused = await Support.Rlhf.Run(round.Store, "models", "export", "policy@1", folder);

        Assert.True(exported.ExitCode == 0, exported.Error);
        Assert.True(imported.ExitCode == 0, imported.Error);
        Assert.Equal(shown.Json["artifact"]!.GetValue<string>(), imported.Json["artifact"]!.GetValue<string>());
        Assert.Equal(("from-hub@1", "llama"), (imported.Json["name"]!.GetValue<string>(), imported.Json["family"]!.GetValue<string>()));
        Assert.Empty(exported.Json["leftOut"]!.AsArray());
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(folder, refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_challenger_goes_out_without_its_value_head_and_a_reward_model_without_its_language_loss()
    {
        await using var site = new Site();

        var policy = await Support.Rlhf.Run(round.Store, "models", "export", "policy@challenger", Path.Combine(site.Store, "policy"), "--dtype", "bfloat16", "--json");
        var reward = await Support.Rlhf.Run(round.Store, "models", "export", "reward-model@latest", Path.Combine(site.Store, "reward"), "--shard-gb", "0.0001", "--json");

        Assert.Contains("value_head.safetensors", LeftOut(policy));
        Assert.Equal(["language_loss.json"], LeftOut(reward));
        Assert.Contains("model.safetensors.index.json", reward.Json["files"]!.AsArray().Select(f => f!.GetValue<string>()));

        static IEnumerable<string> LeftOut(Said said) => said.Json["leftOut"]!.AsArray().Select(f => f!.GetValue<string>());
    }

    [Fact]
    public async Task A_plan_says_what_each_step_takes_and_refuses_what_cannot_fit_with_what_would()
    {
        await using var site = new Site();
        var folder = Path.Combine(site.Store, "out");
        await Support.Rlhf.Run(round.Store, "models", "export", "policy@1", folder);

        var plan = await site.RunAsync("models", "plan", "--policy", folder, "--preset", "tiny", "--prompt-tokens", "16", "--json");
        var tight = await site.RunAsync("models", "plan", "--policy", folder, "--preset", "tiny", "--memory", "0.1", "--json");
        var memory = await site.RunAsync("models", "plan", "--policy", folder, "--memory", "-1");
        var nowhere = await site.RunAsync("models", "plan", "--policy", Path.Combine(site.Store, "nowhere"));

        Assert.True(plan.ExitCode == 0, plan.Error);
        Assert.True(plan.Json["fits"]!.GetValue<bool>());
        Assert.Equal(7, plan.Json["steps"]!.AsArray().Count(s => s!["bytes"]!.GetValue<long>() > 0 && s["seconds"]!.GetValue<double>() > 0));
        Assert.Equal((1, 2, 1), (tight.ExitCode, memory.ExitCode, nowhere.ExitCode));
        Assert.False(tight.Json["fits"]!.GetValue<bool>());
        Assert.Contains("It does not fit into 0.1 GB", tight.Error, StringComparison.Ordinal);
        Assert.Contains("--memory is -1", memory.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_model_fails_and_what_was_asked_wrongly_is_wrong_usage()
    {
        await using var site = new Site();
        Directory.CreateDirectory(Path.Combine(site.Store, "empty"));

        var none = await site.RunAsync("models", "import", Path.Combine(site.Store, "empty"));
        var nowhere = await site.RunAsync("models", "import", Path.Combine(site.Store, "nowhere"));
        var type = await site.RunAsync("models", "export", "policy@1", Path.Combine(site.Store, "out"), "--dtype", "int8");
        var shard = await site.RunAsync("models", "export", "policy@1", Path.Combine(site.Store, "out"), "--shard-gb", "0");

        Assert.Equal((1, 2, 2, 2), (none.ExitCode, nowhere.ExitCode, type.ExitCode, shard.ExitCode));
        Assert.Contains("--shard-gb is 0", shard.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Imported_judgements_are_what_the_step_BuildPreferences_takes_and_stay_with_their_name()
    {
        await using var site = new Site();
        var (file, input) = (Path.Combine(site.Store, "pairs.jsonl"), Path.Combine(site.Store, "input.json"));
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, 40).Select(i => $$"""{"chosen":"\n\nHuman: Is {{i}} odd?\n\nAssistant: Look.","rejected":"\n\nHuman: Is {{i}} odd?\n\nAssistant: No idea."}"""), Token);

        var imported = await site.RunAsync("judgements", "import", file, "--format", "chosen-rejected", "--name", "odd", "--json");
        Assert.True(imported.ExitCode == 0, imported.Error);
        await File.WriteAllTextAsync(input, new JsonObject { ["comparisons"] = imported.Json["comparisons"]!.DeepClone(), ["judgements"] = imported.Json["judgements"]!.DeepClone() }.ToJsonString(), Token);
        var built = await site.RunAsync("steps", "run", "BuildPreferences", "--input", input, "--json");
        var unknown = await site.RunAsync("judgements", "import", file, "--format", "best-of-n");

        Assert.Equal((40, 40, 1), (imported.Json["pairs"]!.GetValue<int>(), imported.Json["promptCount"]!.GetValue<int>(), imported.Json["mostTurns"]!.GetValue<int>()));
        Assert.True(built.ExitCode == 0, built.Error);
        Assert.Equal(2, unknown.ExitCode);
        Assert.Equal(3, Directory.GetFiles(Path.Combine(site.Store, "pins"), "*.json", SearchOption.AllDirectories).Length);
    }
}
