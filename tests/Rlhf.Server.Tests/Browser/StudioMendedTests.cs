using System.Text.Json.Nodes;
using Rlhf.Server.Tests.Support;
using Program = Rlhf.Server.Tests.Support.Program;

namespace Rlhf.Server.Tests.Browser;

/// <summary>
/// Where Elsa Studio alone would leave its user short: of a copy that it makes its server hears no more than of any new definition, and it opens a workflow at its middle.
/// </summary>
public sealed class StudioMendedTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Theory]
    [InlineData("rlhf-campaign", false)]
    [InlineData("refresh-reward-model", true)]
    public async Task A_copy_has_the_inputs_of_what_it_is_a_copy_of_with_their_defaults(string original, bool isSavedAs)
    {
        await using var program = await Program.StartAsync();
        await using var person = await chromium.PersonAsync(program.Address);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);

        if (isSavedAs)
        {
            await studio.OpenAsync($"/studio/definitions/{original}");
            await studio.SaveAsAsync("The copy");
            // Studio leads there by itself.
            await studio.Page.WaitForURLAsync("**/studio/definitions/the-copy");
            await studio.Nodes.First.WaitForAsync();
        }
        else
        {
            await studio.OpenAsync("/studio/definitions");
            await studio.DuplicateAsync(original, "The copy");
            await studio.OpenAsync("/studio/definitions/the-copy");
        }
        await studio.PublishAsync();

        var (before, after) = (program.Read($"{original}.json"), program.Read("the-copy.json"));
        Assert.Contains(before["inputs"]!.AsArray(), i => i!["defaultValue"] is not null);
        Assert.Equal(InputsOf(before), InputsOf(after));
        Assert.True(JsonNode.DeepEquals(before["customProperties"] ?? new JsonObject(), after["customProperties"] ?? new JsonObject()), $"{after["customProperties"]}");
        Assert.Empty(studio.Errors);
    }

    [Fact]
    public async Task A_workflow_opens_at_its_beginning_and_an_instance_where_it_is()
    {
        await using var program = await Program.StartAsync();
        await using var person = await chromium.PersonAsync(program.Address);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);

        await studio.OpenAsync("/studio/definitions/rlhf-round");
        await studio.ShowsAsync("start");
        var instance = await studio.DispatchAsync("rlhf-round", new() { ["model"] = "policy/none" });
        await studio.OpenAsync($"/studio/instances/{instance}");
        await studio.ShowsAsync("prepare-policy");

        Assert.Empty(studio.Errors);
    }

    static IEnumerable<string> InputsOf(JsonObject definition) =>
        definition["inputs"]!.AsArray().Select(i => $"{i!["name"]}: {i["type"]} = {i["defaultValue"]?.ToJsonString()}, {i["displayName"]}, {i["description"]}");
}
