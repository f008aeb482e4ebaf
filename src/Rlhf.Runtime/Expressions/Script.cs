using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Jint;
using Jint.Native;
using Jint.Runtime;
using Jint.Runtime.Interop;
using Rlhf.Runtime.Definitions;
using Rlhf.Steps.Data;

namespace Rlhf.Runtime.Expressions;

/// <summary>What a script may see: inputs and variables by name, the time of the event, and a random stream of its own.</summary>
internal sealed record ScriptScope(
    IReadOnlyDictionary<string, JsonNode?> Inputs, IReadOnlyDictionary<string, JsonNode?> Variables, DateTimeOffset Now,
    string RandomStream);

/// <summary>
/// JavaScript within limits that do not depend on the machine: statements, depth, memory. Date and Math.random answer from the scope, so
/// that a replay gives the same result. A wall clock stops what those limits cannot (a regular expression that never ends).
/// </summary>
internal static class Script
{
    const int MaxStatements = 100_000;
    const int MaxDepth = 128;
    const long MaxMemoryBytes = 64L << 20;
    const int MaxArray = 1_000_000;
    static readonly TimeSpan WallClock = TimeSpan.FromSeconds(10);

    /// <returns>Null, a text, a number or a boolean.</returns>
    /// <exception cref="ScriptException">The script fails, passes a limit or gives something else.</exception>
    /// <exception cref="ScriptStoppedException">The wall clock stopped it.</exception>
    public static JsonNode? Evaluate(string script, ScriptScope scope)
    {
        try
        {
            return ToJson(CreateEngine(scope).Evaluate(script));
        }
        catch (Exception e) when (e is TimeoutException or System.Text.RegularExpressions.RegexMatchTimeoutException)
        {
            throw new ScriptStoppedException($"the script was stopped after {WallClock.TotalSeconds} s");
        }
        catch (Exception e) when (Reason(e) is not null)
        {
            throw new ScriptException(Reason(e)!, e);
        }
    }

    /// <summary>Why the text is no script, or null.</summary>
    public static string? SyntaxError(string script)
    {
        try
        {
            Engine.PrepareScript(script, strict: true);
            return null;
        }
        catch (Exception e) when (e is ScriptPreparationException or Acornima.ParseErrorException)
        {
            return (e.InnerException ?? e).Message;
        }
    }

    /// <summary>The name in scripts: get and the name with its first letters raised, as Elsa does for variables.</summary>
    public static string GetterOf(string name) =>
        "get" + string.Concat(name.Split('_', '-', ' ').Where(p => p.Length > 0).Select(p => char.ToUpperInvariant(p[0]) + p[1..]));

    static string? Reason(Exception e) => e switch
    {
        JavaScriptException => e.Message,
        StatementsCountOverflowException => $"the script ran more than {MaxStatements} statements",
        RecursionDepthOverflowException => $"the script called itself more than {MaxDepth} deep",
        MemoryLimitExceededException => $"the script took more than {MaxMemoryBytes >> 20} MiB",
        ScriptPreparationException or Acornima.ParseErrorException or JintException => e.Message,
        _ => null,
    };

    static Engine CreateEngine(ScriptScope scope)
    {
        var engine = new Engine(options =>
        {
            options.Strict().DisableStringCompilation();
            options.LimitRecursion(MaxDepth).MaxStatements(MaxStatements).LimitMemory(MaxMemoryBytes).TimeoutInterval(WallClock);
            options.Constraints.MaxArraySize = MaxArray;
            options.Constraints.RegexTimeout = WallClock;
            options.Interop.Enabled = false;
            options.TimeZone = TimeZoneInfo.Utc;
            options.TimeSystem = new EventTime(scope.Now);
        });
        var draws = 0;
        engine.GetValue("Math").AsObject().Set("random", new ClrFunction(engine, "random",
            (_, _) => Seeds.Uniform(0, scope.RandomStream, (draws++).ToString(CultureInfo.InvariantCulture))));
        Define(engine, "getVariable", arguments => ToScript(Known(scope.Variables, FirstText(arguments), "variable")));
        Define(engine, "getInput", arguments => ToScript(Known(scope.Inputs, FirstText(arguments), "input")));
        foreach (var (name, value) in scope.Variables) Define(engine, GetterOf(name), _ => ToScript(value));
        foreach (var (name, value) in scope.Inputs)
        {
            // Elsa takes the name of an input as it stands; an input hides a variable of the same name.
            Define(engine, "get" + name, _ => ToScript(value));
            Define(engine, GetterOf(name), _ => ToScript(value));
        }
        var variables = new JsObject(engine);
        // Read-only: an expression reads; in strict mode an assignment is an error rather than nothing.
        foreach (var (name, value) in scope.Variables)
            variables.FastSetProperty(name, new(ToScript(value), writable: false, enumerable: true, configurable: false));
        variables.PreventExtensions();
        engine.SetValue("variables", variables);
        return engine;
    }

    static void Define(Engine engine, string name, Func<JsValue[], JsValue> function) =>
        engine.SetValue(name, new ClrFunction(engine, name, (_, arguments) => function(arguments)));

    static string FirstText(JsValue[] arguments) => arguments is [var first, ..] ? first.ToString() : "";

    static JsonNode? Known(IReadOnlyDictionary<string, JsonNode?> values, string name, string what) =>
        values.TryGetValue(name, out var value) ? value
        : throw new ScriptException($"there is no {what} '{name}'; known are {string.Join(", ", values.Keys.Order(StringComparer.Ordinal))}");

    static JsValue ToScript(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => JsValue.Null,
        JsonValueKind.True => JsBoolean.True,
        JsonValueKind.False => JsBoolean.False,
        JsonValueKind.Number => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture),
        _ => value.GetValue<string>(),
    };

    static JsonValue? ToJson(JsValue value) => value switch
    {
        _ when value.IsNull() || value.IsUndefined() => null,
        _ when value.IsBoolean() => JsonValue.Create(value.AsBoolean()),
        _ when value.IsString() => JsonValue.Create(value.AsString()),
        _ when value.IsNumber() && double.IsFinite(value.AsNumber()) => Number(value.AsNumber()),
        _ when value.IsNumber() => throw new ScriptException($"the script gives {value.AsNumber()}; expected a finite number"),
        _ => throw new ScriptException($"the script gives {value.Type.ToString().ToLowerInvariant()}; expected a text, a number or a boolean"),
    };

    static JsonValue Number(double number) =>
        Math.Abs(number) < 1L << 53 && number == Math.Truncate(number) ? JsonValue.Create((long)number) : JsonValue.Create(number);

    sealed class EventTime(DateTimeOffset now) : DefaultTimeSystem(TimeZoneInfo.Utc, CultureInfo.InvariantCulture)
    {
        public override DateTimeOffset GetUtcNow() => now.ToUniversalTime();
    }
}

/// <summary>A script failed in a way that it would fail again.</summary>
internal sealed class ScriptException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A script was stopped by the clock; whoever runs the interpreter records that as part of the event.</summary>
internal sealed class ScriptStoppedException(string message) : Exception(message)
{
    /// <summary>The activity execution whose script it was.</summary>
    public string Execution { get; init; } = "";
}
