using System.Text.RegularExpressions;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;

namespace Rlhf.Runtime.Lint;

/// <summary>What an expression reads: ids of variables, and in words what it names that is not there.</summary>
internal sealed partial record ValueReads(IReadOnlyList<string> Variables, IReadOnlyList<string> Unknown)
{
    public static ValueReads Of(Expression expression, WorkflowDefinition definition)
    {
        var (variables, unknown) = (new List<string>(), new List<string>());
        if (expression is Expression.Variable { Id: var id })
        {
            if (definition.Variables.Any(v => v.Id == id)) variables.Add(id);
            else unknown.Add($"the variable '{id}'");
        }
        if (expression is Expression.JavaScript { Script: var script })
        {
            foreach (Match match in Accessor().Matches(script)) Add(match, definition, variables, unknown);
        }
        return new([.. variables.Distinct()], unknown);
    }

    static void Add(Match match, WorkflowDefinition definition, List<string> variables, List<string> unknown)
    {
        string Part(string name) => match.Groups[name].Value;
        var (getter, input) = (Part("getter"), Part("input"));
        if (getter is "getVariable" or "getInput") return;
        if (input.Length > 0)
        {
            if (definition.Inputs.All(i => i.Name != input)) unknown.Add($"the input '{input}'");
            return;
        }
        if (getter.Length > 0 && definition.Inputs.Any(i => "get" + i.Name == getter || Script.GetterOf(i.Name) == getter)) return;
        var name = Part("variable") + Part("member");
        var variable = definition.Variables.FirstOrDefault(v => getter.Length > 0 ? Script.GetterOf(v.Name) == getter : v.Name == name);
        if (variable is not null) variables.Add(variable.Id);
        else unknown.Add(getter.Length > 0 ? $"'{getter}()'" : $"the variable '{name}'");
    }

    // Names that are put together while the script runs are not seen here; the script then fails when it runs.
    [GeneratedRegex("""
        \bgetVariable\(\s*["'](?<variable>[^"']*)["'] | \bgetInput\(\s*["'](?<input>[^"']*)["'] |
        (?<![.\w])(?<getter>get\w+)\s*\( | (?<![.\w])variables\.(?<member>\w+)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Accessor();
}
