using System.Text.Json.Nodes;
using Rlhf.Server.Tests.Support;
using Program = Rlhf.Server.Tests.Support.Program;

namespace Rlhf.Server.Tests.Browser;

/// <summary>Every file of <c>workflows/</c> in Elsa Studio's editor.</summary>
public sealed class WorkflowDrawingTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Every_workflow_file_is_drawn_whole_and_opening_it_changes_nothing()
    {
        await using var program = await Program.StartAsync();
        await using var person = await chromium.PersonAsync(program.Address);
        var page = await person.NewPageAsync();
        foreach (var file in Directory.GetFiles(program.Workflows, "*.json").Order(StringComparer.Ordinal))
        {
            var (name, text) = (Path.GetFileNameWithoutExtension(file), await File.ReadAllTextAsync(file));
            var root = JsonNode.Parse(text)!["root"]!;
            var studio = new StudioDesk(page, program.Address);

            await studio.OpenAsync($"/studio/definitions/{name}");
            await studio.ZoomToFitAsync();

            Assert.Equal((name, root["activities"]!.AsArray().Count, root["connections"]!.AsArray().Count), (name, await studio.Nodes.CountAsync(), await studio.Edges.CountAsync()));
            Assert.Equal(text, await File.ReadAllTextAsync(file));
            Assert.Empty(studio.Errors);
            Assert.Empty(studio.Foreign);
        }
    }
}
