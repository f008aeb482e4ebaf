using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Expressions;

/// <summary>Gives an expression its typed value.</summary>
internal static class ExpressionEvaluator
{
    /// <param name="byId">Variables by id; the scope has them by name.</param>
    /// <exception cref="ScriptException">The expression cannot be evaluated or its value is of another type.</exception>
    public static ScriptResult Evaluate(Expression expression, DataType type, Func<string, JsonNode?> byId, ScriptScope scope)
    {
        var result = expression switch
        {
            Expression.Literal literal => Plain(literal.Value),
            Expression.Variable variable => Plain(byId(variable.Id)),
            Expression.ObjectText text => Plain(text.Value),
            Expression.JavaScript script => Script.Evaluate(script.Script, scope),
            _ => throw new NotSupportedException(expression.GetType().Name),
        };
        return Values.TryConvert(result.Value, type, out var converted, out var reason) ? result with { Value = converted?.DeepClone() }
            : throw new ScriptException(reason);
    }

    static ScriptResult Plain(JsonNode? value) => new(value, ScriptResult.Nothing);
}
