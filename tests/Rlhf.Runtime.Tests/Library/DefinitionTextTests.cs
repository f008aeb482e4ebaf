using System.Text.Json.Nodes;
using Rlhf.Runtime.Library;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests.Library;

/// <summary>What comes from an editor, as a file that is reviewed.</summary>
public class DefinitionTextTests
{
    public static IEnumerable<TheoryDataRow<string>> Files => Directory.GetFiles(Path.Combine(Repository.Root, "workflows"), "*.json").Select(f => new TheoryDataRow<string>(Path.GetFileName(f)));

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_that_an_editor_sends_back_unchanged_is_the_same_byte_for_byte(string name)
    {
        var text = File.ReadAllText(Repository.Workflow(name));

        var written = DefinitionText.Write(DefinitionForm.Of(EditorModel.Of(text), Parse(text), isEditor: true), text);

        Assert.Equal(text, written);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_written_anew_is_laid_out_like_those_there_are(string name)
    {
        var text = File.ReadAllText(Repository.Workflow(name));

        var written = DefinitionText.Write(Parse(text), present: null);

        var (lines, kept) = (written.Split('\n'), text.Split('\n').ToHashSet());
        Assert.True(JsonNode.DeepEquals(Parse(text), Parse(written)));
        Assert.True(lines.Count(kept.Contains) > 0.9 * lines.Length, $"{lines.Count(l => !kept.Contains(l))} of {lines.Length} lines are others.");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_small_change_is_a_small_diff(string name)
    {
        var text = File.ReadAllText(Repository.Workflow(name));
        var model = EditorModel.Of(text);
        var activities = model["root"]!["activities"]!.AsArray();
        activities[1]!["metadata"]!["designer"]!["position"]!["x"] = 12345;
        activities.Add(JsonNode.Parse("""
            {
              "text": { "typeName": "String", "expression": { "type": "Literal", "value": "hello" } }, "id": "1f5451a8520c2408", "nodeId": "Workflow1:flow:1f5451a8520c2408",
              "name": "WriteLine1", "type": "Elsa.WriteLine", "version": 1, "customProperties": { "canStartWorkflow": false },
              "metadata": { "designer": { "position": { "x": 525.5, "y": 245 }, "size": { "width": 146.4375, "height": 54 } } }
            }
            """));

        var written = DefinitionText.Write(DefinitionForm.Of(model, Parse(text), isEditor: true), text);

        var (before, after) = (text.Split('\n'), written.Split('\n'));
        Assert.InRange(before.Except(after).Count(), 1, 2); // the moved one's, and the brace that gets a comma where no other has one
        Assert.Equal(
            [
                """        "id": "1f5451a8520c2408",""",
                """        "name": "WriteLine1",""",
                """        "type": "Elsa.WriteLine",""",
                """        "text": { "typeName": "String", "expression": { "type": "Literal", "value": "hello" } },""",
                """        "metadata": { "designer": { "position": { "x": 525.5, "y": 245 }, "size": { "width": 146.4375, "height": 54 } } }""",
            ], after.Except(before).Where(l => !l.Contains("12345", StringComparison.Ordinal)));
        Assert.Single(after, l => l.Contains("12345", StringComparison.Ordinal));
    }

    static JsonObject Parse(string text) => JsonNode.Parse(text)!.AsObject();
}
