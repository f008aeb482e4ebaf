using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

public class DefinitionReaderTests
{
    static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public void An_export_of_a_real_server_is_refused_by_the_first_thing_that_is_not_supported()
    {
        var file = Path.Combine(Repository.Root, "..", "shared", "elsa", "train-flow.export.json");
        if (!File.Exists(file)) Assert.Skip($"'{file}' is not there.");

        var error = Assert.Throws<InvalidDataException>(() => new DefinitionReader(Some.Catalog()).Read(File.ReadAllText(file), "train-flow.export.json"));

        Assert.StartsWith("train-flow.export.json: activity 'shout1' is of type 'Acme.Shout', which this runtime does not run; known are Elsa.Cron, ", error.Message);
    }

    [Theory]
    [InlineData("Elsa.ForEach")]
    [InlineData("Elsa.Complete")]
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
    [InlineData("Cobol")]
    public void An_unknown_expression_type_is_refused_by_name_with_file_activity_and_input(string type)
    {
        var flow = new FlowBuilder().Add("say", "Elsa.WriteLine", ("text", FlowBuilder.Expression(type, "x")));

        var error = Assert.Throws<InvalidDataException>(() => Some.Read(flow));

        Assert.Equal($"some.json: activity 'say', input 'text': the expression type '{type}' is not one that this runtime evaluates; known are JavaScript, Literal, Object, Variable.", error.Message);
    }

    [Theory]
    [InlineData("incidentStrategyType", "Acme.RetryStrategy, Acme")]
    [InlineData("activationStrategyType", "Elsa.Workflows.Runtime.ActivationValidators.CorrelatedSingletonStrategy, Elsa.Workflows.Runtime")]
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
    [InlineData("{\"root\":{}}", "'definitionId' is missing")]
    [InlineData("{\"definitionId\":\"x\",\"root\":{\"id\":\"s\",\"type\":\"Elsa.WriteLine\"}}", "activity 's' (the root) is of type 'Elsa.WriteLine'; this runtime runs Elsa.Flowchart or Elsa.Sequence as root.")]
    [InlineData("{\"definitionId\":7,\"root\":{}}", "not an Elsa workflow definition")]
    [InlineData("{\"definitionId\":\"x\",\"root\":{\"id\":\"f\",\"type\":\"Elsa.Flowchart\",\"activities\":[{\"id\":\"a#2\",\"type\":\"Elsa.Start\"}]}}", "must not contain '#'")]
    [InlineData("{\"definitionId\":\"x\",\"variables\":[{\"id\":\"n\",\"name\":\"n\",\"typeName\":\"Int32\",\"value\":\"abc\"}],\"root\":{\"id\":\"f\",\"type\":\"Elsa.Flowchart\"}}", "variable 'n': its default is 'abc'; expected a whole number of 32 bits (Int32).")]
    [InlineData("{\"definitionId\":\"x\",\"variables\":[{\"id\":\"n\",\"name\":\"n\",\"typeName\":\"Acme.Nope\"}],\"root\":{\"id\":\"f\",\"type\":\"Elsa.Flowchart\"}}", "variable 'n' is of type 'Acme.Nope'; expected String, Int32, Int64, Double, Boolean, Object, ObjectDictionary or a list of one of them.")]
    [InlineData("{\"definitionId\":\"x\",\"inputs\":[{\"name\":\"n\",\"type\":\"Int32\",\"isArray\":true,\"defaultValue\":[1,\"x\"]}],\"root\":{\"id\":\"f\",\"type\":\"Elsa.Flowchart\"}}", "input 'n': its default is [1,\"x\"]; expected a list of values of type Int32.")]
    public void A_broken_definition_is_refused_with_a_sentence(string json, string reason)
    {
        var error = Assert.Throws<InvalidDataException>(() => new DefinitionReader(Some.Catalog()).Read(json, "some.json"));

        Assert.StartsWith("some.json: ", error.Message);
        Assert.Contains(reason, error.Message);
    }

    [Theory]
    [InlineData("\"7\"", ValueKind.Int32, "7")]
    [InlineData("7.0", ValueKind.Int64, "7")]
    [InlineData("\"\"", ValueKind.Int32, null)]
    [InlineData("\"0.25\"", ValueKind.Double, "0.25")]
    [InlineData("3.5", ValueKind.String, "\"3.5\"")]
    [InlineData("\"False\"", ValueKind.Boolean, "false")]
    [InlineData("1", ValueKind.Boolean, "true")]
    [InlineData("null", ValueKind.Boolean, null)]
    [InlineData("{\"a\":null}", ValueKind.Object, "{\"a\":null}")]
    [InlineData("\"{}\"", ValueKind.Object, "\"{}\"")] // text stays text, as in Elsa
    [InlineData("\"{\\\"a\\\":1}\"", ValueKind.ObjectDictionary, "{\"a\":1}")]
    public void A_value_becomes_one_of_the_declared_type(string json, ValueKind type, string? expected)
    {
        Assert.True(Values.TryConvert(JsonNode.Parse(json), new(type), out var converted, out _));
        Assert.Equal(expected, converted?.ToJsonString(Plain));
    }

    [Theory]
    [InlineData("2147483648", ValueKind.Int32, "is '2147483648'; expected a whole number of 32 bits (Int32)")]
    [InlineData("1.5", ValueKind.Int64, "is '1.5'; expected a whole number of 64 bits (Int64)")]
    [InlineData("\"1e999\"", ValueKind.Double, "is '1e999'; expected a finite number (Double)")]
    [InlineData("true", ValueKind.Int32, "is 'true'; expected a whole number of 32 bits (Int32)")]
    [InlineData("\"yes\"", ValueKind.Boolean, "is 'yes'; expected true or false (Boolean)")]
    [InlineData("[1]", ValueKind.String, "is [1]; expected a text")]
    public void A_value_of_another_type_says_what_was_expected(string json, ValueKind type, string expected)
    {
        Assert.False(Values.TryConvert(JsonNode.Parse(json), new(type), out _, out var reason));
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
