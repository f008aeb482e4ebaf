using System.Runtime.ExceptionServices;
using Jint;
using Jint.Native;
using Jint.Native.Object;
using Jint.Runtime;
using Jint.Runtime.Interop;

namespace Rlhf.Runtime.Expressions;

/// <summary>
/// The engine's own functions descend into values without a limit: a list in a list in a list, a few thousand times, would end the whole
/// process. Here they are given one, and a stack that what remains (chains of proxies, of bound functions) cannot exhaust.
/// </summary>
internal static class DeepValues
{
    const int MaxDepth = 200;
    const int StackBytes = 256 << 20;

    /// <summary>Runs on a thread of its own; what it throws is thrown here.</summary>
    public static T OnLargeStack<T>(Func<T> evaluate)
    {
        var (result, failure) = (default(T), default(ExceptionDispatchInfo));
        var thread = new Thread(() =>
        {
            try
            {
                result = evaluate();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        }, StackBytes);
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }

    public static void Limit(Engine engine)
    {
        var array = engine.Evaluate("Array.prototype").AsObject();
        var depth = 0;
        foreach (var name in new[] { "join", "toString", "toLocaleString" })
        {
            // Each of them calls itself for the items through the prototype.
            Wrap(engine, array, name, (original, self, arguments) =>
            {
                if (depth >= MaxDepth) throw TooDeep();
                depth++;
                try
                {
                    return engine.Call(original, self, arguments);
                }
                finally
                {
                    depth--;
                }
            });
        }
        Wrap(engine, array, "flat", (original, self, arguments) =>
            engine.Call(original, self, [arguments is [var levels, ..] && !levels.IsUndefined() ? Math.Min(TypeConverter.ToInteger(levels), MaxDepth) : 1]));
        Wrap(engine, engine.GetValue("JSON").AsObject(), "stringify", (original, self, arguments) =>
        {
            if (arguments is [var value, ..] && IsTooDeep(value)) throw TooDeep();
            return engine.Call(original, self, arguments);
        });
    }

    static void Wrap(Engine engine, ObjectInstance owner, string name, Func<JsValue, JsValue, JsValue[], JsValue> wrapped)
    {
        var original = owner.Get(name);
        var function = new ClrFunction(engine, name, (self, arguments) => wrapped(original, self, arguments));
        owner.DefineOwnProperty(name, new(function, writable: true, enumerable: false, configurable: true));
    }

    static bool IsTooDeep(JsValue value)
    {
        var open = new Stack<(JsValue Value, int Depth)>([(value, 0)]);
        while (open.TryPop(out var next))
        {
            if (next.Depth > MaxDepth) return true;
            if (next.Value is not ObjectInstance instance) continue;
            foreach (var (_, property) in instance.GetOwnProperties())
            {
                // What a getter gives is made anew and cannot be deep without the script's own calls.
                if (property.Value is ObjectInstance inner) open.Push((inner, next.Depth + 1));
            }
        }
        return false;
    }

    static ScriptException TooDeep() => new($"the script has a value that is nested more than {MaxDepth} deep");
}
