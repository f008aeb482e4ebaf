using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Library;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa.Descriptors;

/// <summary>What scripts of a definition may call, as TypeScript, for Studio's editor.</summary>
static partial class ScriptTypes
{
    const string Common = """
        declare function getInput(name: string): any;
        declare function getVariable(name: string): any;
        declare function setVariable(name: string, value: any): void;
        declare function getOutputFrom(activityId: string, outputName?: string): any;
        declare function getLastResult(): any;

        """;

    const string Outcomes = """
        declare function setOutcome(name: string): void;
        declare function setOutcomes(names: string[]): void;

        """;

    public static async Task PostAsync(HttpContext context)
    {
        var site = context.RequestServices.GetRequiredService<Site>();
        var id = Replies.Part(context, "id");
        var fields = await Fields.ReadAsync(context);
        var type = fields.Text("activityTypeName");
        if (await site.Runtime.Library.GetAsync(id, VersionOptions.Latest, context.RequestAborted) is not { } version)
        {
            await Replies.NotFoundAsync(context);
            return;
        }
        context.Response.ContentType = "application/x-typescript";
        var file = $"elsa.{UnsafeInName().Replace(id, "-")}.d.ts";
        context.Response.Headers.ContentDisposition = $"attachment; filename={file}; filename*=UTF-8''{file}";
        await context.Response.WriteAsync(Write(version.ToJson(), type == "Elsa.RunJavaScript", [.. site.Runtime.Activities]), context.RequestAborted);
    }

    static string Write(JsonObject definition, bool setsOutcomes, IReadOnlyList<ActivityType> types)
    {
        var text = new StringBuilder(Common);
        if (setsOutcomes) text.Append(Outcomes);
        var variables = Objects(definition["variables"]).Select(v => (Name: Text(v, "name"), Type: TypeOf(v, "typeName"))).Where(v => v.Name.Length > 0).ToList();
        foreach (var (name, type) in variables) text.Append($"declare function get{Pascal(name)}(): {type};\ndeclare function set{Pascal(name)}(value: {type}): void;\n");
        text.Append($"declare const variables: {{ {string.Concat(variables.Select(v => $"{Quoted(v.Name)}: {v.Type}; "))}}};\n");
        foreach (var input in Objects(definition["inputs"]).Where(i => Text(i, "name").Length > 0))
            text.Append($"/** {Text(input, "description").Replace("*/", "", StringComparison.Ordinal)} */\ndeclare function get{Pascal(Text(input, "name"))}(): {TypeOf(input, "type")};\n");
        foreach (var activity in Tree(definition["root"] as JsonObject ?? []))
        {
            if (types.FirstOrDefault(t => t.Name == Text(activity, "type")) is not { } type) continue;
            foreach (var output in type.Outputs)
                text.Append($"declare function get{Pascal(output.Name)}From{Pascal(Text(activity, "id"))}(): {TypeOf(output.Type)};\n");
        }
        return text.ToString();
    }

    static IEnumerable<JsonObject> Tree(JsonObject activity) => Objects(activity["activities"])
        .Concat(new[] { activity["then"], activity["else"] }.OfType<JsonObject>()).SelectMany(Tree).Prepend(activity);

    static IEnumerable<JsonObject> Objects(JsonNode? list) => (list as JsonArray)?.OfType<JsonObject>() ?? [];

    static string Text(JsonObject json, string member) => json[member] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    static string TypeOf(JsonObject json, string member) =>
        DataType.TryParse(Text(json, member), json["isArray"] is JsonValue value && value.TryGetValue<bool>(out var isArray) && isArray, out var type) ? TypeOf(type) : "any";

    static string TypeOf(DataType type)
    {
        var item = type.Kind switch
        {
            ValueKind.String => "string",
            ValueKind.Int32 or ValueKind.Int64 or ValueKind.Double => "number",
            ValueKind.Boolean => "boolean",
            ValueKind.ObjectDictionary => "{ [name: string]: any }",
            _ => "any",
        };
        return type.IsList ? $"{item}[]" : item;
    }

    // As the runtime names the functions; what is left beside letters and digits could not be called by that name.
    static string Pascal(string name) => NoName().Replace(string.Concat(name.Split('_', '-', ' ').Where(p => p.Length > 0).Select(p => char.ToUpperInvariant(p[0]) + p[1..])), "");

    static string Quoted(string name) => JsonValue.Create(name)!.ToJsonString();

    [GeneratedRegex(@"[^\w$]")]
    private static partial Regex NoName();

    [GeneratedRegex("[^A-Za-z0-9._-]")]
    private static partial Regex UnsafeInName();
}
