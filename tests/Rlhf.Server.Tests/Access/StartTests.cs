using System.Net;
using System.Text.Json.Nodes;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Access;

/// <summary>What is done before the server listens, and does not keep it from listening.</summary>
public sealed class StartTests
{
    [Fact]
    public async Task A_rehearsal_that_fails_is_said_and_keeps_nobody_out()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync();
        var ann = await place.KeyAsync("ann");
        await place.StopAsync();
        place.Execute("""ALTER TABLE "LabelingQualifications" RENAME TO "Elsewhere" """);

        await place.StartAsync();
        var said = Assert.Single(place.Log);
        place.Execute("""ALTER TABLE "Elsewhere" RENAME TO "LabelingQualifications" """);
        var asked = await place.PostAsync("assignments", ann, new JsonObject { ["count"] = 3 });

        Assert.StartsWith("No rehearsal of the pages: ", said, StringComparison.Ordinal);
        Assert.Contains("LabelingQualifications", said, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, asked.Status);
        Assert.Equal(3, asked.Json["assignments"]!.AsArray().Count);
    }
}
