using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Adapters.Mlflow;
using Rlhf.Adapters.Mlflow.Projection;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Adapters.Tests.Mlflow.Projection;

/// <summary>What should stand in MLflow, from a store alone.</summary>
public class ProjectedTests
{
    [Fact]
    public async Task Every_instance_is_a_parent_run_and_every_record_a_run_below_it()
    {
        var store = await SomeStore.WithRoundsAsync();

        var projected = await SomeStore.ProjectedAsync(store.Objects);

        Assert.Equal([5, 5, 2], projected.Rounds.Select(r => r.Steps.Count));
        Assert.Equal($"round 1 of {SomeStore.Campaign}", projected.Rounds[0].Run.Name);
        Assert.Equal(["startround", "trainrewardmodel", "evaluaterewardmodel", "trainpolicy", "reportround"], projected.Rounds[0].Steps.Select(s => s.Name));
        Assert.Equal([MlflowRunStatus.Finished, MlflowRunStatus.Finished, MlflowRunStatus.Running], projected.Rounds.Select(r => r.Run.Status));
        Assert.Null(projected.Rounds[2].Run.EndTime);
    }

    [Fact]
    public async Task A_step_has_hparams_and_scalars_as_params_and_references_and_outputs_as_tags()
    {
        var store = await SomeStore.WithRoundsAsync();

        var step = (await SomeStore.ProjectedAsync(store.Objects)).Rounds[1].Steps.Single(s => s.Name == "trainpolicy");

        Assert.Equal(
            [("clipRange", "0.2"), ("klEstimator", "k1"), ("slots", "128"), ("input.seed", "9")],
            step.Params.Select(p => (p.Key, p.Value)));
        var tags = step.Tags.ToDictionary(t => t.Key, t => t.Value);
        Assert.Equal(SomeStore.Key("TrainPolicy 2"), tags["rlhf.step_key"]);
        Assert.Equal(("TrainPolicy", "trainpolicy", "Done"), (tags["rlhf.step"], tags["rlhf.activity"], tags["rlhf.outcome"]));
        Assert.Equal((SomeStore.Campaign, "2"), (tags["rlhf.campaign"], tags["rlhf.round"]));
        Assert.Equal($"{SomeStore.Ref("prompts", "all")}", tags["rlhf.input.prompts"]);
        Assert.Equal($"{SomeStore.Ref("policy", "challenger 2")}", tags["rlhf.output.policy"]);
        Assert.Equal("1.5", tags["rlhf.output.sequenceKl"]);
        Assert.False(tags.ContainsKey("rlhf.instance"));
    }

    [Theory]
    [InlineData("trainrewardmodel", "preferences", "training")]
    [InlineData("evaluaterewardmodel", "preferences", "evaluation")]
    [InlineData("trainpolicy", "prompts", "training")]
    public async Task Prompts_and_preferences_are_dataset_inputs_with_their_context(string step, string kind, string context)
    {
        var store = await SomeStore.WithRoundsAsync();
        var settings = new TrackingSettings { ArtifactRoot = "https://account.blob.core.windows.net/container" };

        var run = (await SomeStore.ProjectedAsync(store.Objects, settings: settings)).Rounds[0].Steps.Single(s => s.Name == step);

        var input = Assert.Single(run.Datasets);
        var artifact = kind == "prompts" ? SomeStore.Ref("prompts", "all") : SomeStore.Ref("preferences", "1");
        Assert.Equal((kind, artifact.Sha256[..36]), (input.Dataset.Name, input.Dataset.Digest));
        Assert.Equal($"https://account.blob.core.windows.net/container/manifests/{artifact}.json", $"{JsonNode.Parse(input.Dataset.Source)!["uri"]}");
        Assert.Equal(new MlflowTag(MlflowDatasetInput.Context, context), Assert.Single(input.Tags));
        FieldRules.Dataset(input);
    }

    [Fact]
    public async Task Report_and_model_card_are_files_of_the_round_and_say_what_is_simulated()
    {
        var store = await SomeStore.WithRoundsAsync();

        var files = (await SomeStore.ProjectedAsync(store.Objects)).Rounds[0].Run.Files.ToDictionary(f => f.Path, f => Encoding.UTF8.GetString(f.Content));

        Assert.Equal(["model-card.md", "report.json"], files.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("simulated", files["model-card.md"]);
        Assert.Contains("**Promote**", files["model-card.md"]);
        Assert.Contains("620 prompts, 600 decisive judgements (400 for the challenger, 200 against), 20 ties; 95 % always-valid interval 0.6280 to 0.7030", files["model-card.md"]);
        Assert.Contains($"{SomeStore.Ref("policy", "challenger 1")}", files["model-card.md"]);
        Assert.Equal("Promote", $"{JsonNode.Parse(files["report.json"])!["decision"]!["verdict"]!["outcome"]}");
    }

    [Fact]
    public async Task Versions_stand_in_our_order_with_round_decision_and_hash()
    {
        var store = await SomeStore.WithRoundsAsync();

        var models = (await SomeStore.ProjectedAsync(store.Objects, settings: new() { Experiment = "team/rlhf:a" })).Models;

        Assert.Equal(["team-rlhf-a-policy", "team-rlhf-a-reward-model"], models.Select(m => m.Name));
        Assert.Equal([SomeStore.Sft, SomeStore.Ref("policy", "challenger 1"), SomeStore.Ref("policy", "challenger 2")], models[0].Versions.Select(v => v.Artifact));
        var tags = models[0].Versions[2].Tags.ToDictionary(t => t.Key, t => t.Value);
        Assert.Equal(("3", "2", "Reject", SomeStore.Ref("policy", "challenger 2").Sha256), (tags["rlhf.version"], tags["rlhf.round"], tags["rlhf.decision"], tags["rlhf.sha256"]));
        Assert.DoesNotContain(models[0].Versions[0].Tags, t => t.Key == "rlhf.decision");
        Assert.Equal(SomeStore.Key("TrainPolicy 2"), models[0].Versions[2].MadeBy);
    }

    [Fact]
    public async Task The_record_of_a_promotion_is_a_file_of_its_step_and_the_version_says_which_it_is()
    {
        var store = await SomeStore.WithRoundsAsync();
        var challenger = SomeStore.Ref("policy", "challenger 1");
        var record = await new ArtifactStore(store.Objects).PutAsync("promotion", new Dictionary<string, byte[]> { ["record.json"] = "{\"id\":\"0f3a\"}"u8.ToArray() }, CancellationToken.None);
        await store.RecordAsync(1, "PromoteChallenger", new JsonObject { ["challenger"] = $"{challenger}" }, [], new JsonObject { ["record"] = $"{record}", ["championVersion"] = 1 });
        await store.PutAsync(
            $"aliases/prod/{SomeStore.Campaign}/champion/000001.json", CanonicalJson.ToObject(new AliasVersion(1, challenger, $"{record}", SomeStore.Start, "i") { Promotion = "0f3a" }));

        var projected = await SomeStore.ProjectedAsync(store.Objects);

        var run = projected.Rounds.SelectMany(r => r.Steps).Single(s => s.Tags.Any(t => t is { Key: "rlhf.step", Value: "PromoteChallenger" }));
        Assert.Equal("promotion-record.json", Assert.Single(run.Files).Path);
        var versions = projected.Models.Single(m => m.Name.Contains("policy", StringComparison.Ordinal)).Versions;
        Assert.Equal([("rlhf.promotion.prod", "0f3a"), ("rlhf.promotion_record.prod", $"{record}")], versions.Single(v => v.Artifact == challenger).Tags.Where(t => t.Key.StartsWith("rlhf.promotion", StringComparison.Ordinal)).Select(t => (t.Key, t.Value)));
        Assert.DoesNotContain(versions.Where(v => v.Artifact != challenger).SelectMany(v => v.Tags), t => t.Key.StartsWith("rlhf.promotion", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Aliases_stand_for_an_environment_each()
    {
        var store = await SomeStore.WithRoundsAsync();
        await store.MoveAsync("champion", 1, SomeStore.Sft, "production");

        var aliases = (await SomeStore.ProjectedAsync(store.Objects)).Models[0].Aliases;

        Assert.Equal(
            [
                ("production-champion", SomeStore.Sft), ("sandbox-challenger", SomeStore.Ref("policy", "challenger 2")),
                ("sandbox-champion", SomeStore.Ref("policy", "challenger 1")), ("sandbox-previous", SomeStore.Sft),
            ],
            aliases.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => (a.Key, a.Value)));
        Assert.All(aliases.Keys, a => FieldRules.Alias(a));
    }

    [Fact]
    public async Task Of_several_campaigns_each_has_its_alias_and_the_plain_one_is_of_the_champion_set_last()
    {
        var store = await SomeStore.WithRoundsAsync();
        var other = new AliasVersion(1, SomeStore.Ref("policy", "challenger 2"), "a test", SomeStore.Start.AddDays(1), "i");
        await store.PutAsync("aliases/sandbox/0123456789ab/champion/000001.json", Rlhf.Steps.Json.CanonicalJson.ToObject(other));

        var aliases = (await SomeStore.ProjectedAsync(store.Objects)).Models[0].Aliases;

        Assert.Equal(other.Artifact, aliases["sandbox-champion"]);
        Assert.Equal(other.Artifact, aliases["sandbox-champion-0123456789ab"]);
        Assert.Equal(SomeStore.Ref("policy", "challenger 1"), aliases[$"sandbox-champion-{SomeStore.Campaign}"]);
        Assert.Equal(SomeStore.Sft, aliases[$"sandbox-previous-{SomeStore.Campaign}"]);
        Assert.False(aliases.ContainsKey("sandbox-previous"));
    }

    [Fact]
    public async Task What_cannot_be_read_is_named_and_keeps_nothing_else_back()
    {
        var store = await SomeStore.WithRoundsAsync();
        await store.PutAsync($"records/{SomeStore.Key("broken")}.json", new JsonObject { ["key"] = "nonsense" });

        var contents = await new StoreReader(store.Objects, null).ReadAsync(TestContext.Current.CancellationToken);

        Assert.Contains($"records/{SomeStore.Key("broken")}.json", Assert.Single(contents.Unreadable));
        Assert.Equal(3, Projected.Of(contents, new()).Rounds.Count);
    }

    [Theory]
    [InlineData("a//b")]
    [InlineData("../up")]
    [InlineData("/leading/")]
    [InlineData("tab\tnew\nline")]
    [InlineData("größe%")]
    [InlineData("")]
    public void A_key_that_MLflow_refuses_becomes_one_it_takes_and_no_other_key_becomes_the_same(string key)
    {
        var taken = ProjectedValues.Key(key);

        Assert.Equal(taken, FieldRules.Key("param", taken));
        Assert.NotEqual(taken, ProjectedValues.Key(key + "x"));
        Assert.Equal(taken, ProjectedValues.Key(key));
    }

    [Fact]
    public void A_value_that_is_too_long_is_cut_with_its_length_and_hash()
    {
        var value = ProjectedValues.Value("text", new string('x', 7000), FieldRules.LongestParam);

        Assert.True(value.Length <= FieldRules.LongestParam);
        Assert.EndsWith($"(7000 characters, sha256 {ProjectedValues.Hash(new string('x', 7000))})", value);
    }

    [Fact]
    public void What_is_no_unicode_text_is_replaced()
    {
        Assert.Equal("a\ufffdb\ufffd", ProjectedValues.Value("text", "a\0b\ud800", 100));
    }

    [Theory]
    [InlineData("file:///store")]
    [InlineData("https://a.blob.core.windows.net/c?sig=abcdef0123456789")]
    [InlineData("https://me:secret-password@host/c")]
    [InlineData("store")]
    public void An_address_of_artifacts_that_MLflow_would_refuse_or_that_holds_a_credential_is_refused(string root)
    {
        var refused = Assert.Throws<ArgumentException>(() => new TrackingSettings { ArtifactRoot = root }.Checked());

        Assert.DoesNotContain("abcdef0123456789", refused.Message);
        Assert.DoesNotContain("secret-password", refused.Message);
    }
}
