using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Tests.Elsa;
using Rlhf.Server.Tests.Elsa.Replay;
using Rlhf.Server.Tests.Studio;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Tests.Artifacts;

/// <summary>What a step made, on a page of its own.</summary>
public sealed class ArtifactPagesTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_artifact_shows_its_files_and_where_it_came_from_and_leads_on()
    {
        await using var place = await Place.OpenAsync(change: o => o with { Tracked = (instance, _) => Task.FromResult<IReadOnlyDictionary<string, Uri>>(new Dictionary<string, Uri> { [$"key-of-{instance}"] = new("http://mlflow.example/#/experiments/7/runs/abc") }) });
        var artifacts = new ArtifactStore(place.Runtime.Objects);
        var preferences = await PutAsync(artifacts, "preferences", ("pairs.jsonl", """{"prompt":"<script>alert(1)</script>"}"""));
        var model = await PutAsync(artifacts, "reward-model", ("config.json", """{"layers":2}"""), ("sub/model.safetensors", "weights"));
        var records = new StepRecords(place.Runtime.Objects);
        await records.CommitAsync(Record("key-of-i1", "BuildPreferences", "i1", new() { ["judgements"] = "judgements/" + new string('a', 64) }, new() { ["preferences"] = $"{preferences}" }), Token);
        await records.CommitAsync(Record("key-of-i2", "TrainRewardModel", "i2", new() { ["preferences"] = $"{preferences}" }, new() { ["rewardModel"] = $"{model}" }), Token);

        var ofPairs = await place.SendAsync("GET", $"/artifacts/{preferences}");
        var ofModel = await place.SendAsync("GET", $"/artifacts/{model}");
        using var file = await place.RawAsync(new(HttpMethod.Get, $"/artifacts/{model}/files/sub/model.safetensors"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (ofPairs.Status, ofModel.Status));
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", ofPairs.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", ofPairs.Text, StringComparison.Ordinal);
        Assert.Contains("TrainRewardModel of <a href=\"/studio/instances/i2\"", ofPairs.Text, StringComparison.Ordinal);
        Assert.Contains($"href=\"/artifacts/{model}\"", ofPairs.Text, StringComparison.Ordinal);
        Assert.Contains($"href=\"/artifacts/{preferences}\"", ofModel.Text, StringComparison.Ordinal);
        Assert.Contains($"href=\"/artifacts/{model}/files/sub/model.safetensors\"", ofModel.Text, StringComparison.Ordinal);
        Assert.Contains("href=\"http://mlflow.example/#/experiments/7/runs/abc\">Run in MLflow</a>", ofModel.Text, StringComparison.Ordinal);
        Assert.Contains("&quot;layers&quot;: 2", ofModel.Text, StringComparison.Ordinal);
        Assert.Equal("weights", await file.Content.ReadAsStringAsync(Token));
        Assert.Equal(("attachment", "application/octet-stream"), (file.Content.Headers.ContentDisposition!.DispositionType, file.Content.Headers.ContentType!.MediaType));
    }

    [Theory]
    [InlineData("/artifacts/policy/none")]
    [InlineData("/artifacts/policy/0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("/artifacts/..%2F..%2Frecords/0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("/artifacts/policy/none/files/config.json")]
    public async Task What_is_no_artifact_of_the_store_is_not_there(string address)
    {
        await using var place = await Place.OpenAsync();

        var reply = await place.SendAsync("GET", address);

        Assert.Equal(HttpStatusCode.NotFound, reply.Status);
        Assert.Contains("There is no artifact", reply.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_none_of_the_artifact_is_not_given_however_the_path_is_written()
    {
        await using var place = await Place.OpenAsync();
        var policy = await PutAsync(new(place.Runtime.Objects), "policy", ("config.json", "{}"));

        foreach (var path in new[] { "other.json", "../config.json", "%2e%2e/%2e%2e/runtime.db", "config.json/", "" })
            Assert.Equal(HttpStatusCode.NotFound, (await place.SendAsync("GET", $"/artifacts/{policy}/files/{path}")).Status);
    }

    [Fact]
    public async Task A_file_that_was_changed_from_outside_is_named_and_not_shown()
    {
        await using var place = await Place.OpenAsync();
        var policy = await PutAsync(new(place.Runtime.Objects), "policy", ("config.json", """{"layers":2}"""));
        var blob = Assert.Single(Directory.GetFiles(Path.GetDirectoryName(place.Workflows)!, "*", SearchOption.AllDirectories), f => f.Contains("blobs", StringComparison.Ordinal));
        File.SetAttributes(blob, FileAttributes.Normal);
        await File.WriteAllTextAsync(blob, """{"layers":9}""", Token);

        var page = await place.SendAsync("GET", $"/artifacts/{policy}");
        var file = await place.SendAsync("GET", $"/artifacts/{policy}/files/config.json");

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict), (page.Status, file.Status));
        Assert.DoesNotContain("layers", page.Text + file.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_of_an_instance_leads_to_what_its_steps_made_and_to_its_run_where_that_was_delivered()
    {
        Dictionary<string, Uri> delivered = [];
        var slow = new SlowStep();
        await using var place = await Place.OpenAsync(change: o => StudioPagesTests.WithStudio(o) with { Tracked = (_, _) => Task.FromResult<IReadOnlyDictionary<string, Uri>>(delivered) }, steps: [slow, new DeskStep()]);
        await place.Runtime.DriveAsync();
        await place.AskAsync(DeskStep.Request);
        slow.Go.SetResult();
        var instance = await place.StartAsync(await Flows.SlowAndPeopleAsync(place));
        await place.UntilAsync(instance, s => s == WorkflowStatus.Suspended);

        var before = await place.SendAsync("GET", $"/studio/instances/{instance}/standing");
        delivered[instance] = new("http://mlflow.example/#/experiments/7/runs/round");
        var after = await place.SendAsync("GET", $"/studio/instances/{instance}/standing", await place.KeyAsync("vera", Role.Viewer));

        Assert.Contains($"href=\"/decisions/{new string('d', 64)}\"", before.Text, StringComparison.Ordinal);
        Assert.Contains("1 step is done", before.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("MLflow", before.Text, StringComparison.Ordinal);
        Assert.Contains("href=\"http://mlflow.example/#/experiments/7/runs/round\">Run in MLflow</a>", after.Text, StringComparison.Ordinal);
    }

    static Task<ArtifactRef> PutAsync(ArtifactStore artifacts, string kind, params (string Path, string Text)[] files) =>
        artifacts.PutAsync(kind, files.ToDictionary(f => f.Path, f => Encoding.UTF8.GetBytes(f.Text)), Token);

    static StepRecord Record(string key, string step, string instance, JsonObject inputs, JsonObject outputs) =>
        new(key, step, 1, "1.0", instance, step, inputs, [], outputs, "Done", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(2), 2, 1, null);
}
