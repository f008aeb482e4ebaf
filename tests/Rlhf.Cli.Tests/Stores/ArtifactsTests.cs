using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Cli.Tests.Stores;

/// <summary><c>rlhf artifacts</c> on the store of a finished round.</summary>
public sealed class ArtifactsTests(FinishedRound round)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_challengers_lineage_names_every_step_prompts_judgements_reward_model_and_seed()
    {
        var said = await Run("artifacts", "lineage", "policy@challenger", "--json");

        Assert.True(said.ExitCode == 0, said.Error);
        var from = said.Json["madeFrom"]!.AsArray();
        Assert.Equal(
            ["BuildPreferences", "CollectJudgements", "PreparePolicy", "PreparePrompts", "SampleCompletions", "SelectComparisons", "TrainPolicy", "TrainRewardModel"],
            from.Select(s => s!["step"]!.GetValue<string>()).Distinct().Order(StringComparer.Ordinal));
        Assert.All(from.Where(s => s!["step"]!.GetValue<string>() == "TrainPolicy"), s => Assert.True(s!["inputs"]!["seed"]!.GetValue<long>() != 0));
        foreach (var kind in new[] { "prompts/", "judgements/", "reward-model/" })
            Assert.Contains(from.SelectMany(s => s!["from"]!.AsArray()), a => a!.GetValue<string>().StartsWith(kind, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_made_of_a_withdrawn_judgement_is_found_by_its_comparison()
    {
        var artifacts = new ArtifactStore(new FolderObjectStore(round.Store));
        var training = ArtifactRef.Parse((await Run("artifacts", "lineage", "policy@challenger", "--json")).Json["madeFrom"]!.AsArray()
            .Single(s => s!["step"]!.GetValue<string>() == "CollectJudgements")!["to"]![0]!.GetValue<string>());
        var comparison = (await artifacts.ReadLinesAsync<Judgement>(training, "judgements.jsonl", Token))[0].ComparisonId;

        var found = await Run("artifacts", "lineage", "--judgement", comparison, "--json");
        var unknown = await Run("artifacts", "lineage", "--judgement", "nobody-asked");

        Assert.Equal(training.ToString(), Assert.Single(found.Json["artifacts"]!.AsArray())!.GetValue<string>());
        Assert.Contains(found.Json["madeOfIt"]!.AsArray(), s => s!["step"]!.GetValue<string>() == "TrainPolicy");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("nobody-asked", unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lineage_is_a_mermaid_flowchart_whose_arrows_join_nodes_that_are_declared()
    {
        var lines = (await Run("artifacts", "lineage", "policy@challenger", "--format", "mermaid")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("flowchart LR", lines[0]);
        var nodes = lines.Skip(1).Where(l => l.Contains('"', StringComparison.Ordinal)).Select(l => l.Trim().Split('(', '[')[0]).ToList();
        var arrows = lines.Where(l => l.Contains("-->", StringComparison.Ordinal)).SelectMany(l => l.Trim().Split(" --> ")).Distinct().ToList();
        Assert.True(nodes.Count > 15, string.Join('\n', lines));
        Assert.Equal(nodes.Order(StringComparer.Ordinal), arrows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Two_policies_differ_in_their_weights_and_in_what_they_were_made_from()
    {
        var said = await Run("artifacts", "diff", "policy@1", "policy@2", "--json");

        Assert.Contains(said.Json["files"]!.AsArray(), d => d!["name"]!.GetValue<string>() == "model.safetensors");
        Assert.DoesNotContain(said.Json["files"]!.AsArray(), d => d!["name"]!.GetValue<string>() == "vocab.json");
        Assert.Contains(said.Json["madeFrom"]!.AsArray(), d => d!["name"]!.GetValue<string>() == "inputs.rewardModel");
    }

    [Fact]
    public async Task Nothing_of_a_finished_round_is_garbage()
    {
        var said = await Run("artifacts", "gc", "--dry-run", "--json");

        Assert.Empty(said.Json["objects"]!.AsArray());
        Assert.True(said.Json["kept"]!.GetValue<int>() > 30);
    }

    [Fact]
    public async Task A_policy_is_pushed_to_another_store_with_all_it_came_from_and_pulled_from_it()
    {
        await using var there = new Site();
        await using var here = new Site();

        var pushed = await Run("artifacts", "push", "policy@2", "--to", there.Store, "--lineage", "--json");
        var verified = await there.RunAsync("artifacts", "verify", "--json");
        var pulled = await here.RunAsync("artifacts", "pull", pushed.Json["artifact"]!.GetValue<string>()[..15], "--from", there.Store, "--json");
        var nowhere = await Run("artifacts", "push", "policy@2", "--to", Path.Combine(there.Store, "nothing"));

        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.True(pushed.Json["records"]!.GetValue<int>() >= 8);
        Assert.Equal(0, verified.ExitCode);
        Assert.Equal((1, 0), (pulled.Json["artifacts"]!.GetValue<int>(), pulled.Json["records"]!.GetValue<int>()));
        Assert.Equal(2, nowhere.ExitCode);
    }

    [Fact]
    public async Task A_folder_is_imported_under_a_name_and_exported_again()
    {
        await using var site = new Site();
        var (folder, back) = (Path.Combine(site.Store, "in"), Path.Combine(site.Store, "out"));
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "notes.txt"), "kept", Token);

        var imported = await site.RunAsync("artifacts", "import", "notes", folder, "--name", "notes", "--json");
        var exported = await site.RunAsync("artifacts", "export", "notes@latest", back);
        var pinned = await site.RunAsync("artifacts", "pin", "notes@1", "--reason", "a test");
        var names = JsonNode.Parse((await site.RunAsync("artifacts", "names", "--json")).Output)!.AsArray();

        Assert.Equal("notes@1", imported.Json["name"]!.GetValue<string>());
        Assert.Equal(0, exported.ExitCode);
        Assert.Equal(0, pinned.ExitCode);
        Assert.Equal("kept", await File.ReadAllTextAsync(Path.Combine(back, "notes.txt"), Token));
        Assert.Equal("notes@1", Assert.Single(names)!["name"]!.GetValue<string>());
    }

    Task<Said> Run(params string[] arguments) => Support.Rlhf.Run(round.Store, arguments);
}
