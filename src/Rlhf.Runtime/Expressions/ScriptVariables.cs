using System.Text.Json.Nodes;
using Jint;
using Jint.Native;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Expressions;

/// <summary>
/// The variables while a script runs, as in Elsa: <c>getX()</c> gives the value itself, so that a change of an object's property stays;
/// <c>variables.X = …</c> changes a copy that is written when the script ends. What was changed is known only then, and dropped where the
/// script fails.
/// </summary>
internal sealed class ScriptVariables
{
    readonly Engine _engine;
    readonly ScriptScope _scope;
    readonly Dictionary<string, JsValue> _values;

    public ScriptVariables(Engine engine, ScriptScope scope)
    {
        (_engine, _scope, Copy) = (engine, scope, new(engine));
        _values = scope.Variables.ToDictionary(v => v.Key, v => ScriptValues.ToScript(engine, v.Value.Value), StringComparer.Ordinal);
        foreach (var (name, value) in _values) Copy.Set(name, value);
    }

    /// <summary>The object that scripts call <c>variables</c>.</summary>
    public JsObject Copy { get; }

    public JsValue Get(string name) => _values.GetValueOrDefault(name, JsValue.Null);

    public void Set(string name, JsValue value)
    {
        if (!_scope.Variables.TryGetValue(name, out var variable))
            throw new ScriptException($"there is no variable '{name}'; known are {string.Join(", ", _scope.Variables.Keys.Order(StringComparer.Ordinal))}");
        if (variable.Type != DataType.Any)
        {
            if (!Values.TryConvert(ScriptValues.ToJson(value), variable.Type, out var converted, out var reason))
                throw new ScriptException($"the value for the variable '{name}' {reason}");
            value = ScriptValues.ToScript(_engine, converted);
        }
        _values[name] = value;
        Copy.Set(name, value);
    }

    /// <summary>By name, what the variables are where that is not what they were.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Changes()
    {
        foreach (var (key, property) in Copy.GetOwnProperties().ToList())
        {
            var (name, value) = (key.ToString(), property.Value);
            // As in Elsa, null in the copy changes nothing.
            if (!value.IsNull() && !value.IsUndefined() && !(_values.TryGetValue(name, out var known) && value.Equals(known))) Set(name, value);
        }
        var changes = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var (name, value) in _values)
        {
            var json = ScriptValues.ToJson(value);
            if (!JsonNode.DeepEquals(json, _scope.Variables[name].Value)) changes[name] = json;
        }
        return changes;
    }
}
