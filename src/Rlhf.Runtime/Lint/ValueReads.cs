using System.Text.RegularExpressions;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;

namespace Rlhf.Runtime.Lint;

/// <summary>What an expression reads: ids of variables, and in words what it names that is not there.</summary>
internal sealed partial record ValueReads(IReadOnlyList<string> Variables, IReadOnlyList<string> Unknown)
{
    /// <param name="script">The script that the expression is or holds, if any.</param>
    /// <param name="inScope">The variables that the activity sees.</param>
    public static ValueReads Of(
        Expression expression, string? script, WorkflowDefinition definition, LintIndex index, IReadOnlyList<WorkflowVariable> inScope)
    {
        var (variables, unknown) = (new List<string>(), new List<string>());
        if (expression is Expression.Variable { Id: var id })
        {
            if (inScope.Any(v => v.Id == id)) variables.Add(id);
            else unknown.Add($"the variable '{id}'");
        }
        foreach (Match match in Accessor().Matches(script ?? "")) Add(match, definition, index, inScope, variables, unknown);
        return new([.. variables.Distinct()], unknown);
    }

    /// <summary>True where a script sets the variable with this name, as far as its text tells.</summary>
    public static bool Sets(string script, string variable)
    {
        var (setter, name) = (Regex.Escape($"set{Script.PascalOf(variable)}"), Regex.Escape(variable));
        return Regex.IsMatch(script, $$"""\b{{setter}}\s*\(|\bsetVariable\(\s*["']{{name}}["']|\bvariables\.{{name}}\s*=[^=]""");
    }

    static void Add(
        Match match, WorkflowDefinition definition, LintIndex index, IReadOnlyList<WorkflowVariable> inScope, List<string> variables, List<string> unknown)
    {
        string Part(string name) => match.Groups[name].Value;
        var (getter, input) = (Part("getter"), Part("input"));
        if (getter is "getVariable" or "getInput" or "getOutputFrom" or "getLastResult") return;
        if (index.IsOutputGetter(getter)) return;
        if (input.Length > 0)
        {
            if (definition.Inputs.All(i => i.Name != input)) unknown.Add($"the input '{input}'");
            return;
        }
        if (getter.Length > 0 && definition.Inputs.Any(i => "get" + i.Name == getter || "get" + Script.PascalOf(i.Name) == getter)) return;
        var name = Part("variable") + Part("member");
        var variable = inScope.FirstOrDefault(v => getter.Length > 0 ? "get" + Script.PascalOf(v.Name) == getter : v.Name == name);
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
