using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Expressions;

/// <summary>Gives an expression its typed value.</summary>
internal static class ExpressionEvaluator
{
    /// <param name="byId">Variables by id; the scope has them by name.</param>
    /// <param name="type">The type to convert to, or null to leave the value as it is.</param>
    /// <exception cref="ScriptException">The expression cannot be evaluated or its value is of another type.</exception>
    public static JsonNode? Evaluate(Expression expression, ScalarType? type, Func<string, JsonNode?> byId, ScriptScope scope)
    {
        var value = expression switch
        {
            Expression.Literal literal => literal.Value,
            Expression.Variable variable => byId(variable.Id),
            Expression.JavaScript script => Script.Evaluate(script.Script, scope),
            _ => throw new NotSupportedException(expression.GetType().Name),
        };
        if (type is null) return value?.DeepClone();
        return Scalars.TryConvert(value, type.Value, out var converted, out var reason) ? converted?.DeepClone()
            : throw new ScriptException(reason);
    }
}
