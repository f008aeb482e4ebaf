using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using Rlhf.Adapters.Blob;
using Rlhf.Elsa.Hosting;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;
using Rlhf.Tests.Support;

namespace Rlhf.Elsa.Tests.Hosting;

/// <summary>The jobs in a Blob container (Azurite), where host and workers may be on different machines.</summary>
public sealed class ContainerTests
{
    [Fact]
    public async Task A_step_waits_is_woken_and_ends_over_a_container_and_leaves_its_answer_alone()
    {
        await using var world = await FakeWorld.StartAsync(container: await NewAsync());
        var states = new ConcurrentQueue<string>();
        world.Work((execution, _, _) =>
        {
            states.Enqueue(execution.State?.ToJsonString() ?? "none");
            return Task.FromResult(states.Count > 1 ? FakeStep.Done()
                : new StepResult.Waiting(new JsonObject { ["seen"] = 1 }, TimeProvider.System.GetUtcNow().AddDays(1), "for people") { Events = ["answers.came"] });
        });
        await world.PublishAsync("waits");
        var instance = await world.DispatchAsync("waits");
        for (var i = 0; i < 100 && !await IsBookmarkedAsync(world, instance); i++) await Task.Delay(100);

        await world.Host.AskAsync("POST", "events/answers.came/trigger", new JsonObject());
        await world.UntilAsync(instance, "Finished");

        Assert.Equal(["none", """{"seen":1}"""], states);
        for (var i = 0; i < 50 && (await world.Jobs.OpenAsync(default)).Count > 0; i++) await Task.Delay(100);
        Assert.Empty(await world.Objects.ListAsync("jobs/open/", default));
        Assert.Equal(2, (await world.Objects.ListAsync("jobs/done/", default)).Count);
        Assert.False(Directory.Exists(Path.Combine(world.Store, "jobs")));
    }

    [Fact]
    public async Task A_container_that_is_not_there_is_named_before_the_host_starts()
    {
        var azurite = AzuriteServer.Required();
        var variables = new Dictionary<string, string> { ["RLHF_BLOB"] = azurite.ConnectionString(), ["RLHF_BLOB_CONTAINER"] = "nobody-made-it" };

        var options = ElsaHostOptions.Of([], variables.GetValueOrDefault);

        Assert.Contains("nobody-made-it", (await Assert.ThrowsAsync<IOException>(() => Assert.IsType<BlobObjectStore>(options.Objects).CheckAsync(default))).Message, StringComparison.Ordinal);
    }

    /// <summary>The step's answer came and its activity waits for the event.</summary>
    static async Task<bool> IsBookmarkedAsync(FakeWorld world, string instance) =>
        (await world.StateAsync(instance))?["bookmarks"] is JsonArray { Count: 2 };

    static async Task<BlobSettings> NewAsync()
    {
        var azurite = AzuriteServer.Required();
        var variables = new Dictionary<string, string> { ["RLHF_BLOB"] = azurite.ConnectionString(), ["RLHF_BLOB_CONTAINER"] = azurite.NewContainer() };
        await new BlobContainerClient(variables["RLHF_BLOB"], variables["RLHF_BLOB_CONTAINER"]).CreateAsync();
        return BlobSettings.FromEnvironment(variables.GetValueOrDefault)!;
    }
}
