using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Jint;
using Jint.Native;
using Jint.Runtime;
using Jint.Runtime.Interop;
using Rlhf.Steps.Data;

namespace Rlhf.Runtime.Expressions;

/// <summary>
/// JavaScript within limits that do not depend on the machine: statements, depth, memory. Date and Math.random answer from the scope, so
/// that a replay gives the same result. A wall clock stops what those limits cannot (a regular expression that never ends), and after
/// twice its time a script is left to itself that not even the clock has stopped.
/// </summary>
internal static partial class Script
{
    const int MaxStatements = 100_000;
    const int MaxDepth = 128;
    const long MaxMemoryBytes = 64L << 20;
    const int MaxArray = 1_000_000;

    /// <exception cref="ScriptException">The script fails, passes a limit or gives what is no JSON.</exception>
    /// <exception cref="ScriptStoppedException">The wall clock stopped it.</exception>
    public static ScriptResult Evaluate(string script, ScriptScope scope)
    {
        try
        {
            return LargeStack.Run(() => Run(script, scope), 2 * scope.WallClock);
        }
        catch (Exception e) when (e is TimeoutException or RegexMatchTimeoutException)
        {
            throw new ScriptStoppedException($"the script was stopped after {scope.WallClock.TotalSeconds} s");
        }
        catch (OutOfMemoryException)
        {
            throw new ScriptStoppedException("the script was stopped where there was no memory left for it");
        }
        catch (Exception e) when (e is not (ScriptException or ScriptStoppedException))
        {
            throw new ScriptException(Reason(e), e);
        }
    }

    static ScriptResult Run(string script, ScriptScope scope)
    {
        var engine = CreateEngine(scope);
        var variables = new ScriptVariables(engine, scope);
        IReadOnlyList<string>? outcomes = null;
        DefineValues(engine, scope, variables);
        DefineResults(engine, scope, script);
        if (scope.SetsOutcomes)
        {
            Define(engine, "setOutcome", arguments => { outcomes = [FirstText(arguments)]; return JsValue.Undefined; });
            Define(engine, "setOutcomes", arguments => { outcomes = Texts(arguments); return JsValue.Undefined; });
        }
        var value = ScriptValues.ToJson(engine.Evaluate(ScriptWorld.Prepare(script)));
        return new(value, variables.Changes(), outcomes);
    }

    /// <summary>Why the text is no script, or null.</summary>
    public static string? SyntaxError(string script)
    {
        try
        {
            LargeStack.Run(() => ScriptWorld.Prepare(script), TimeSpan.FromMinutes(1));
            return null;
        }
        catch (Exception e) when (e is ScriptPreparationException or Acornima.ParseErrorException or ScriptException or ScriptStoppedException or InsufficientExecutionStackException)
        {
            return (e.InnerException ?? e).Message;
        }
    }

    /// <summary>A name as it stands behind get and set in scripts: its first letters raised, as Elsa does for variables.</summary>
    public static string PascalOf(string name) =>
        string.Concat(name.Split('_', '-', ' ').Where(p => p.Length > 0).Select(p => char.ToUpperInvariant(p[0]) + p[1..]));

    static string Reason(Exception e) => e switch
    {
        JavaScriptException => e.Message,
        StatementsCountOverflowException => $"the script ran more than {MaxStatements} statements",
        RecursionDepthOverflowException => $"the script called itself more than {MaxDepth} deep",
        MemoryLimitExceededException => $"the script took more than {MaxMemoryBytes >> 20} MiB",
        ScriptPreparationException or Acornima.ParseErrorException or JintException => (e.InnerException ?? e).Message,
        // The engine itself has a flaw that the script has found; a script that brings it about would do so again.
        _ => $"the script fails inside the engine: {e.Message}",
    };

    static Engine CreateEngine(ScriptScope scope)
    {
        var engine = new Engine(options =>
        {
            options.DisableStringCompilation();
            options.LimitRecursion(MaxDepth).MaxStatements(MaxStatements).LimitMemory(MaxMemoryBytes).TimeoutInterval(scope.WallClock);
            options.Constraints.MaxArraySize = MaxArray;
            options.Constraints.RegexTimeout = scope.WallClock;
            options.Interop.Enabled = false;
            options.TimeZone = TimeZoneInfo.Utc;
            options.TimeSystem = new EventTime(scope.Now);
        });
        ScriptWorld.Reduce(engine);
        ScriptBounds.Set(engine);
        var draws = 0;
        engine.GetValue("Math").AsObject().Set("random", new ClrFunction(engine, "random",
            (_, _) => Seeds.Uniform(0, scope.RandomStream, (draws++).ToString(CultureInfo.InvariantCulture))));
        return engine;
    }

    static void DefineValues(Engine engine, ScriptScope scope, ScriptVariables variables)
    {
        // As in Elsa, what is not there is null.
        Define(engine, "getInput", arguments => ScriptValues.ToScript(engine, scope.Inputs.GetValueOrDefault(FirstText(arguments))));
        Define(engine, "getVariable", arguments => variables.Get(FirstText(arguments)));
        Define(engine, "setVariable", arguments => Set(FirstText(arguments), arguments.ElementAtOrDefault(1)));
        foreach (var name in scope.Variables.Keys)
        {
            Define(engine, $"get{PascalOf(name)}", _ => variables.Get(name));
            Define(engine, $"set{PascalOf(name)}", arguments => Set(name, arguments.ElementAtOrDefault(0)));
        }
        foreach (var (name, value) in scope.Inputs)
        {
            // Elsa takes the name of an input as it stands; an input hides a variable of the same name.
            Define(engine, $"get{name}", _ => ScriptValues.ToScript(engine, value));
            Define(engine, $"get{PascalOf(name)}", _ => ScriptValues.ToScript(engine, value));
        }
        engine.SetValue("variables", variables.Copy);

        JsValue Set(string name, JsValue? value)
        {
            variables.Set(name, value ?? JsValue.Undefined);
            return JsValue.Undefined;
        }
    }

    static void DefineResults(Engine engine, ScriptScope scope, string script)
    {
        Define(engine, "getLastResult", _ => ScriptValues.ToScript(engine, scope.LastResult));
        Define(engine, "getOutputFrom", arguments => Output(FirstText(arguments), arguments.Length > 1 ? arguments[1].ToString() : "Result"));
        foreach (Match match in OutputGetter().Matches(script))
        {
            if (scope.Producers.FirstOrDefault(id => PascalOf(id) == match.Groups["activity"].Value) is { } activity)
                Define(engine, match.Value, _ => Output(activity, match.Groups["output"].Value));
        }

        JsValue Output(string activity, string name) => ScriptValues.ToScript(engine, (scope.Results.GetValueOrDefault(activity) as JsonObject)?
            .FirstOrDefault(o => string.Equals(o.Key, name, StringComparison.OrdinalIgnoreCase)).Value);
    }

    static void Define(Engine engine, string name, Func<JsValue[], JsValue> function) =>
        engine.SetValue(name, new ClrFunction(engine, name, (_, arguments) => function(arguments)));

    static string FirstText(JsValue[] arguments) => arguments is [var first, ..] ? first.ToString() : "";

    static List<string> Texts(JsValue[] arguments) =>
        arguments is [JsArray array, ..] ? [.. array.Select(item => item.ToString())]
        : throw new ScriptException("setOutcomes was given no list; expected a list of names");

    [GeneratedRegex(@"\bget(?<output>\w+?)From(?<activity>\w+)")]
    private static partial Regex OutputGetter();

    sealed class EventTime(DateTimeOffset now) : DefaultTimeSystem(TimeZoneInfo.Utc, CultureInfo.InvariantCulture)
    {
        public override DateTimeOffset GetUtcNow() => now.ToUniversalTime();
    }
}
