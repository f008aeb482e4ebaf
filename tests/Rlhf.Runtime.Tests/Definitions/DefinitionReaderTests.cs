using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

public class DefinitionReaderTests
{
    [Fact]
    public void An_export_of_a_real_server_is_refused_by_the_first_thing_that_is_not_supported()
    {
        var file = Path.Combine(Repository.Root, "..", "shared", "elsa", "train-flow.export.json");
        if (!File.Exists(file)) Assert.Skip($"'{file}' is not there.");

        var error = Assert.Throws<InvalidDataException>(() => new DefinitionReader(Some.Catalog()).Read(File.ReadAllText(file), "train-flow.export.json"));

        Assert.StartsWith("train-flow.export.json: activity 'shout1' is of type 'Acme.Shout', which this runtime does not run; known are Elsa.End, ", error.Message);
    }

    [Theory]
    [InlineData("Elsa.FlowJoin")]
    [InlineData("Elsa.Sequence")]
    [InlineData("Rlhf.Nope")]
    public void An_unknown_activity_type_is_refused_by_name_with_file_and_activity(string type)
    {
        var flow = new FlowBuilder().Line("first").Add("odd", type);

        var error = Assert.Throws<InvalidDataException>(() => Some.Read(flow));

        Assert.StartsWith($"some.json: activity 'odd' is of type '{type}', which this runtime does not run", error.Message);
    }

    [Theory]
    [InlineData("Liquid")]
    [InlineData("CSharp")]
    [InlineData("Input")]
    [InlineData("Object")]
    public void An_unknown_expression_type_is_refused_by_name_with_file_activity_and_input(string type)
    {
        var flow = new FlowBuilder().Add("say", "Elsa.WriteLine", ("text", FlowBuilder.Expression(type, "x")));

        var error = Assert.Throws<InvalidDataException>(() => Some.Read(flow));

        Assert.Equal($"some.json: activity 'say', input 'text': the expression type '{type}' is not one that this runtime evaluates; known are JavaScript, Literal, Variable.", error.Message);
    }

    [Theory]
    [InlineData("incidentStrategyType", "Elsa.Workflows.IncidentStrategies.ContinueWithIncidentsStrategy, Elsa.Workflows.Core")]
    [InlineData("activationStrategyType", "Elsa.Workflows.Runtime.ActivationValidators.SingletonStrategy, Elsa.Workflows.Runtime")]
    public void An_option_that_would_change_what_happens_is_refused_by_name(string option, string value)
    {
        var flow = new FlowBuilder().Line("only");
        flow.Options[option] = value;

        var error = Assert.Throws<InvalidDataException>(() => Some.Read(flow));

        Assert.StartsWith($"some.json: option '{option}' is '{value}'", error.Message);
    }

    [Theory]
    [InlineData("{", "not an Elsa workflow definition")]
    [InlineData("[]", "expected a JSON object with a 'root'")]
    [InlineData("{\"definitionId\":\"x\"}", "'root' is missing")]
    [InlineData("{\"definitionId\":\"x\",\"root\":{\"id\":\"s\",\"type\":\"Elsa.Sequence\"}}", "activity 's' (the root) is of type 'Elsa.Sequence'")]
    [InlineData("{\"definitionId\":7,\"root\":{}}", "not an Elsa workflow definition")]
    [InlineData("{\"definitionId\":\"x\",\"root\":{\"id\":\"f\",\"type\":\"Elsa.Flowchart\",\"activities\":[{\"id\":\"a#2\",\"type\":\"Elsa.Start\"}]}}", "must not contain '#'")]
    [InlineData("{\"definitionId\":\"x\",\"variables\":[{\"id\":\"n\",\"name\":\"n\",\"typeName\":\"Int32\",\"value\":\"abc\"}],\"root\":{\"id\":\"f\",\"type\":\"Elsa.Flowchart\"}}", "variable 'n': its default is 'abc'; expected a whole number of 32 bits (Int32).")]
    [InlineData("{\"definitionId\":\"x\",\"variables\":[{\"id\":\"n\",\"name\":\"n\",\"typeName\":\"Object\"}],\"root\":{\"id\":\"f\",\"type\":\"Elsa.Flowchart\"}}", "variable 'n' is of type 'Object'; expected String, Int32, Int64, Double, Boolean.")]
    [InlineData("{\"definitionId\":\"x\",\"inputs\":[{\"name\":\"n\",\"type\":\"String\",\"isArray\":true}],\"root\":{\"id\":\"f\",\"type\":\"Elsa.Flowchart\"}}", "input 'n' is an array")]
    public void A_broken_definition_is_refused_with_a_sentence(string json, string reason)
    {
        var error = Assert.Throws<InvalidDataException>(() => new DefinitionReader(Some.Catalog()).Read(json, "some.json"));

        Assert.StartsWith("some.json: ", error.Message);
        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public void A_definition_of_very_many_activities_is_refused()
    {
        var flow = new FlowBuilder();
        for (var i = 0; i < 2001; i++) flow.Line($"a{i}");

        Assert.Contains("more than 2000 activities", Assert.Throws<InvalidDataException>(() => Some.Read(flow)).Message);
    }

    [Theory]
    [InlineData("\"7\"", ScalarType.Int32, "7")]
    [InlineData("7.0", ScalarType.Int64, "7")]
    [InlineData("\"\"", ScalarType.Int32, null)]
    [InlineData("\"0.25\"", ScalarType.Double, "0.25")]
    [InlineData("3.5", ScalarType.String, "\"3.5\"")]
    [InlineData("\"False\"", ScalarType.Boolean, "false")]
    [InlineData("1", ScalarType.Boolean, "true")]
    [InlineData("null", ScalarType.Boolean, null)]
    public void A_value_becomes_one_of_the_declared_type(string json, ScalarType type, string? expected)
    {
        Assert.True(Scalars.TryConvert(JsonNode.Parse(json), type, out var converted, out _));
        Assert.Equal(expected, converted?.ToJsonString());
    }

    [Theory]
    [InlineData("2147483648", ScalarType.Int32, "is '2147483648'; expected a whole number of 32 bits (Int32)")]
    [InlineData("1.5", ScalarType.Int64, "is '1.5'; expected a whole number of 64 bits (Int64)")]
    [InlineData("\"1e999\"", ScalarType.Double, "is '1e999'; expected a finite number (Double)")]
    [InlineData("true", ScalarType.Int32, "is 'true'; expected a whole number of 32 bits (Int32)")]
    [InlineData("\"yes\"", ScalarType.Boolean, "is 'yes'; expected true or false (Boolean)")]
    [InlineData("[1]", ScalarType.String, "is [1]; expected a text")]
    public void A_value_of_another_type_says_what_was_expected(string json, ScalarType type, string expected)
    {
        Assert.False(Scalars.TryConvert(JsonNode.Parse(json), type, out _, out var reason));
        Assert.Equal(expected, reason);
    }

    [Fact]
    public void Inputs_are_typed_and_have_defaults()
    {
        var definition = Some.Read(new FlowBuilder().Input("seed", "Int64", 1).Input("labeler", "String", "simulated").Input("sameAs", "Int32").Line("only"));

        var bound = WorkflowInputs.Bind(definition, new() { ["seed"] = "41" });

        Assert.Equal("""{"seed":41,"labeler":"simulated"}""", bound.ToJsonString());
    }

    [Theory]
    [InlineData("""{"sede":3}""", "some-flow: 'sede' is no input of this workflow; known are seed, labeler.")]
    [InlineData("""{"seed":"three"}""", "some-flow, input 'seed' is 'three'; expected a whole number of 64 bits (Int64).")]
    [InlineData("""{"labeler":3}""", "some-flow, input 'labeler' is 3; expected a text.")]
    public void An_unknown_input_or_one_of_another_type_is_an_error(string given, string expected)
    {
        var definition = Some.Read(new FlowBuilder().Input("seed", "Int64", 1).Input("labeler").Line("only"));

        var error = Assert.Throws<ArgumentException>(() => WorkflowInputs.Bind(definition, JsonNode.Parse(given)!.AsObject()));

        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public void Where_activities_stand_and_what_a_server_adds_is_not_part_of_the_meaning()
    {
        var json = new FlowBuilder().Line("a").Line("b").Connect("a", "b").Build();
        var saved = json.DeepClone().AsObject();
        saved["id"] = "8fd2";
        saved["createdAt"] = "2025-01-01T00:00:00Z";
        saved["isLatest"] = true;
        var activity = saved["root"]!["activities"]![0]!.AsObject();
        activity["nodeId"] = "Workflow1:flow:a";
        activity["metadata"] = new JsonObject { ["designer"] = new JsonObject { ["position"] = new JsonObject { ["x"] = 3 } } };
        activity["customProperties"] = new JsonObject { ["canStartWorkflow"] = false };
        saved["root"]!["connections"]![0]!["source"]!["port"] = "Done";
        saved["root"]!["connections"]![0]!["vertices"] = new JsonArray();

        Assert.Equal(DefinitionMeaning.Hash(json.ToJsonString(), "a"), DefinitionMeaning.Hash(saved.ToJsonString(), "b"));
    }

    [Fact]
    public void Another_text_port_or_order_is_another_meaning()
    {
        var hashes = new[]
        {
            new FlowBuilder().Line("a").Line("b").Connect("a", "b"),
            new FlowBuilder().Line("a", "other").Line("b").Connect("a", "b"),
            new FlowBuilder().Line("a").Line("b").Connect("a", "b", "Other"),
            new FlowBuilder().Line("b").Line("a").Connect("a", "b"),
            new FlowBuilder().Line("a").Add("b", "Elsa.WriteLine", ("text", FlowBuilder.Literal(false))).Connect("a", "b"),
        }.Select(f => DefinitionMeaning.Hash(f.Build().ToJsonString(), "some.json"));

        Assert.Equal(5, hashes.Distinct().Count());
    }
}
