using System.Net;
using System.Text.Json.Nodes;
using Rlhf.Pipeline;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Definitions;
using Rlhf.Server.Elsa.Descriptors;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>What Studio's palette and editors are made of.</summary>
public sealed class DescriptorTests
{
    const string Api = "/elsa/api";

    [Fact]
    public async Task Every_step_is_in_the_palette_with_all_its_fields_and_outcomes()
    {
        await using var place = await Place.OpenAsync(steps: PipelineSteps.All);
        var all = await AllAsync(place);

        foreach (var step in PipelineSteps.All.Select(s => s.Description))
        {
            var descriptor = all[step.ActivityType];
            var inputs = descriptor["inputs"]!.AsArray();
            Assert.Equal(("RLHF", step.Description, true), ($"{descriptor["category"]}", $"{descriptor["description"]}", descriptor["isBrowsable"]!.GetValue<bool>()));
            Assert.Equal([.. step.Inputs.Select(i => i.Name), "preset", .. step.HParams.Select(h => h.Name)], inputs.Select(i => char.ToLowerInvariant($"{i!["name"]}"[0]) + $"{i["name"]}"[1..]));
            Assert.Equal(step.Outcomes, descriptor["ports"]!.AsArray().Select(p => $"{p!["name"]}"));
            Assert.Equal(step.Outputs.Select(o => o.WorkflowProperty), descriptor["outputs"]!.AsArray().Select(o => char.ToLowerInvariant($"{o!["name"]}"[0]) + $"{o["name"]}"[1..]));
            Assert.All(inputs, i => Assert.NotEqual("", $"{i!["description"]}"));
        }
        var rate = Input(all["Rlhf.TrainPolicy"], "LearningRate");
        Assert.Equal("Peak learning rate. 1E-08 to 1. Default 0.0005.", $"{rate["description"]}");
        Assert.Equal((0.0005, "Double", "singleline", "HParams"), (rate["defaultValue"]!.GetValue<double>(), $"{rate["typeName"]}", $"{rate["uiHint"]}", $"{rate["category"]}"));
        Assert.Equal("checkbox", $"{Input(all["Rlhf.TrainPolicy"], "RewardScaling")["uiHint"]}");
        Assert.Equal(["k1", "k2", "k3", "abs"], Choices(Input(all["Rlhf.TrainPolicy"], "KlEstimator")).Select(c => c.Value));
    }

    [Fact]
    public async Task Of_elsas_activities_exactly_those_that_run_here_are_shown_and_no_input_that_a_file_may_not_have()
    {
        await using var place = await Place.OpenAsync();
        var all = await AllAsync(place);

        Assert.Equal(place.Runtime.Activities.Select(a => a.Name).Append("Elsa.Workflow").Append("Elsa.NotFoundActivity").Order(StringComparer.Ordinal), all.Keys.Order(StringComparer.Ordinal));
        foreach (var type in place.Runtime.Activities)
        {
            var names = all[type.Name]["inputs"]!.AsArray().Select(i => $"{i!["name"]}").ToList();
            Assert.Empty(names.Intersect(type.Unsupported.Select(ActivityDescriptors.NameOf)));
            Assert.Empty(type.Inputs.Select(i => ActivityDescriptors.NameOf(i.Property)).Except(names));
        }
        Assert.Equal(["True", "False"], all["Elsa.FlowDecision"]["ports"]!.AsArray().Select(p => $"{p!["name"]}"));
        Assert.True(all["Elsa.End"]["isTerminal"]!.GetValue<bool>() && all["Elsa.Start"]["isStart"]!.GetValue<bool>() && !all["Elsa.Flowchart"]["isBrowsable"]!.GetValue<bool>());
        Assert.Equal("Trigger", $"{all["Elsa.Cron"]["kind"]}");
    }

    [Fact]
    public async Task Artifacts_are_chosen_by_their_names_of_the_kind_that_the_field_is_for_and_presets_by_theirs()
    {
        var preset = ArtifactRef.Parse($"hparams/{new string('a', 64)}");
        await using var place = await Place.OpenAsync(steps: PipelineSteps.All, change: o => o with { Presets = _ => Task.FromResult<IReadOnlyList<Hosting.Preset>>([new("tiny", preset)]) });
        var names = new Names(place.Runtime.Objects, TimeProvider.System);
        var (first, second, model) = (Of("policy", '1'), Of("policy", '2'), Of("reward-model", '3'));
        await names.AddAsync("policy", first, default);
        await names.AddAsync("policy", second, default);
        await names.AddAsync("reward-model", model, default);
        var all = await AllAsync(place);

        Assert.Equal([$"{second}", $"{first}"], Choices(Input(all["Rlhf.TrainPolicy"], "Policy")).Select(c => c.Value));
        Assert.StartsWith("policy@2 (policy/22222222, ", Choices(Input(all["Rlhf.DecideGate"], "Champion"))[0].Text, StringComparison.Ordinal);
        Assert.Equal([$"{model}"], Choices(Input(all["Rlhf.TrainPolicy"], "SafetyRewardModel")).Select(c => c.Value));
        Assert.Equal([new ListChoice("tiny", $"{preset}")], Choices(Input(all["Rlhf.TrainPolicy"], "Preset")));
        var options = await place.SendAsync("POST", $"{Api}/descriptors/activities/Rlhf.TrainPolicy/options/RewardModel", body: new JsonObject { ["context"] = new JsonObject() });
        Assert.Equal($"{model}", $"{options.Json["items"]!["dropdown"]!["selectList"]!["items"]![0]!["value"]}");
        Assert.Equal(HttpStatusCode.NotFound, (await place.SendAsync("POST", $"{Api}/descriptors/activities/Rlhf.TrainPolicy/options/Nothing", body: new JsonObject())).Status);

        static ArtifactRef Of(string kind, char digit) => ArtifactRef.Parse($"{kind}/{new string(digit, 64)}");
    }

    [Fact]
    public async Task Scripts_are_offered_the_definitions_own_names()
    {
        await using var place = await Place.OpenAsync(steps: PipelineSteps.All);
        Directory.CreateDirectory(place.Workflows);
        File.Copy(Path.Combine(Place.Repository, "workflows", "refresh-reward-model.json"), Path.Combine(place.Workflows, "refresh-reward-model.json"));
        await place.Runtime.PublishAsync(Path.Combine(place.Workflows, "refresh-reward-model.json"));

        var types = await place.SendAsync("POST", $"{Api}/scripting/javascript/type-definitions/refresh-reward-model", body: new JsonObject { ["activityTypeName"] = "Rlhf.TrainRewardModel", ["propertyName"] = "Policy" });

        Assert.Equal(HttpStatusCode.OK, types.Status);
        foreach (var line in new[]
        {
            "declare function getChampion(): string;", "declare function setRound(value: number): void;", "declare function getLabeler(): string;",
            "declare function getRewardModelFromTrainRewardModel(): string;", "declare function getOutputFrom(activityId: string, outputName?: string): any;",
        })
            Assert.Contains(line, types.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("setOutcome", types.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_its_own_access_token_and_no_other_password_is_one()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("vera", Role.Viewer);

        var right = await LoginAsync(place, "vera", key);
        var other = await LoginAsync(place, "olga", key);
        var wrong = await LoginAsync(place, "vera", "guess");
        var again = await place.SendAsync("POST", $"{Api}/identity/refresh-token", key, new JsonObject());

        Assert.Equal((true, key), (right["isAuthenticated"]!.GetValue<bool>(), $"{right["accessToken"]}"));
        Assert.False(other["isAuthenticated"]!.GetValue<bool>() || wrong["isAuthenticated"]!.GetValue<bool>());
        Assert.Equal(key, $"{again.Json["accessToken"]}");
        Assert.Equal(HttpStatusCode.OK, (await place.SendAsync("GET", $"{Api}/features/installed", $"{right["accessToken"]}")).Status);
    }

    [Fact]
    public async Task Words_for_variables_are_those_that_a_definition_may_have()
    {
        await using var place = await Place.OpenAsync();

        var words = (await place.SendAsync("GET", $"{Api}/descriptors/variables")).Json["items"]!.AsArray();

        Assert.All(words, w => Assert.True(DataType.TryParse($"{w!["typeName"]}", isArray: false, out _)));
    }

    static async Task<JsonObject> LoginAsync(Place place, string name, string password) =>
        (await place.SendAsync("POST", $"{Api}/identity/login", body: new JsonObject { ["username"] = name, ["password"] = password })).Json;

    static async Task<Dictionary<string, JsonNode>> AllAsync(Place place) =>
        (await place.SendAsync("GET", $"{Api}/descriptors/activities?Refresh=True")).Json["items"]!.AsArray().ToDictionary(i => $"{i!["typeName"]}", i => i!);

    static JsonNode Input(JsonNode descriptor, string name) => descriptor["inputs"]!.AsArray().Single(i => $"{i!["name"]}" == name)!;

    static List<ListChoice> Choices(JsonNode input) =>
        [.. input["uiSpecifications"]!["dropdown"]!["selectList"]!["items"]!.AsArray().Select(i => new ListChoice($"{i!["text"]}", $"{i["value"]}"))];
}
