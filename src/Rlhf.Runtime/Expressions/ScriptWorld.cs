using Acornima.Ast;
using Jint;
using Jint.Native;

namespace Rlhf.Runtime.Expressions;

/// <summary>
/// What of JavaScript scripts have. What is left out waits, computes or allocates without a limit inside one call (Atomics, BigInt, typed
/// arrays), makes a world without these bounds (ShadowRealm), or depends on the machine (Intl, Temporal, WeakRef).
/// </summary>
internal static class ScriptWorld
{
    const int MaxCharacters = 100_000;

    // The parser takes minutes to say no to many thousands. Those in texts count too, which no script that is meant will notice.
    const int MaxBrackets = 1000;

    // As in Elsa, a script may be the body of a function. Constants that were folded would be computed before any limit holds.
    static readonly ScriptPreparationOptions Body = new() { ParsingOptions = new() { AllowReturnOutsideFunction = true }, FoldConstants = false };

    static readonly HashSet<string> Globals = new(StringComparer.Ordinal)
    {
        "AggregateError", "Array", "AsyncIterator", "Boolean", "Date", "Error", "EvalError", "Function", "Generator", "Infinity", "Iterator", "JSON", "Map",
        "Math", "NaN", "Number", "Object", "Promise", "Proxy", "RangeError", "ReferenceError", "Reflect", "RegExp", "Set", "String", "Symbol",
        "SyntaxError", "TypeError", "URIError", "WeakMap", "WeakSet", "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent",
        "escape", "eval", "globalThis", "isFinite", "isNaN", "parseFloat", "parseInt", "undefined", "unescape",
    };

    /// <exception cref="ScriptException">It is too long or has a BigInt in it; what is no script throws the parser's exceptions.</exception>
    public static Prepared<Acornima.Ast.Script> Prepare(string script)
    {
        if (script.Length > MaxCharacters)
            throw new ScriptException($"the script has {script.Length} characters; expected at most {MaxCharacters}");
        var brackets = 0;
        foreach (var c in script)
        {
            brackets = c is '(' or '[' or '{' ? brackets + 1 : c is ')' or ']' or '}' ? Math.Max(0, brackets - 1) : brackets;
            if (brackets > MaxBrackets) throw new ScriptException($"the script opens more than {MaxBrackets} brackets in each other");
        }
        var prepared = Engine.PrepareScript(script, options: Body);
        var open = new Stack<Node>([prepared.Program!]);
        while (open.TryPop(out var node))
        {
            if (node is BigIntLiteral literal) throw new ScriptException($"the script has the BigInt {literal.Raw}; expected a number");
            foreach (var child in node.ChildNodes) open.Push(child);
        }
        return prepared;
    }

    public static void Reduce(Engine engine)
    {
        foreach (var key in engine.Global.GetOwnPropertyKeys().Where(k => !Globals.Contains(k.ToString())).ToList()) Remove(engine.Global, key);
        // They ask what is like a set for its next item until it says that there is none, and never look at the clock.
        var sets = engine.GetValue("Set").Get("prototype").AsObject();
        foreach (var name in new[] { "difference", "intersection", "isDisjointFrom", "isSubsetOf", "isSupersetOf", "symmetricDifference", "union" }) Remove(sets, name);
        // Its times have nanoseconds as BigInt.
        Remove(engine.GetValue("Date").Get("prototype").AsObject(), "toTemporalInstant");
    }

    static void Remove(Jint.Native.Object.ObjectInstance owner, JsValue key)
    {
        if (!owner.Delete(key)) throw new InvalidOperationException($"The script engine keeps '{key}', which scripts must not have.");
    }
}
