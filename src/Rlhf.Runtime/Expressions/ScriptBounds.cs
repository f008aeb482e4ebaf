using System.Globalization;
using System.Text;
using Jint;
using Jint.Native;
using Jint.Native.Object;
using Jint.Runtime;
using Jint.Runtime.Interop;

namespace Rlhf.Runtime.Expressions;

/// <summary>
/// The engine's own functions descend into values and build texts without a limit: a list in a list in a list, a few thousand times, would
/// end the whole process, and one that holds the one before it twice, sixty times over, would never be gone through. Here they share one
/// budget per script: of depth, of values gone through, of characters built.
/// </summary>
internal sealed partial class ScriptBounds
{
    const int MaxDepth = 200;
    const int MaxValues = 100_000;
    const int MaxCharacters = 1 << 25;

    // The engine looks at its own limits between statements; here about as often.
    const int ValuesBetweenChecks = 1000;

    readonly Engine _engine;
    readonly HashSet<ObjectInstance> _joining = new(ReferenceEqualityComparer.Instance);
    readonly JsValue _isArray, _toObject, _typeOf;
    int _values;
    long _characters;

    ScriptBounds(Engine engine)
    {
        _engine = engine;
        var (array, text) = (engine.GetValue("Array"), engine.GetValue("String"));
        (_isArray, _toObject, _typeOf) = (array.Get("isArray"), engine.GetValue("Object"), engine.Evaluate("x => typeof x"));
        WrapLists(array.Get("prototype").AsObject());
        Wrap(engine.GetValue("JSON").AsObject(), "stringify", Stringify);
        WrapTexts(text.AsObject(), text.Get("prototype").AsObject());
        WrapReplace(text.Get("prototype").AsObject(), engine.GetValue("RegExp").Get("prototype").AsObject());
    }

    public static void Set(Engine engine) => _ = new ScriptBounds(engine);

    void WrapLists(ObjectInstance prototype)
    {
        // toString calls join.
        Wrap(prototype, "join", (original, self, arguments) =>
            self is ObjectInstance list ? Join(list, arguments is [var given, ..] && !given.IsUndefined() ? TypeConverter.ToString(given) : ",", TypeConverter.ToString)
            : _engine.Call(original, self, arguments));
        Wrap(prototype, "toLocaleString", (original, self, arguments) =>
            self is ObjectInstance list ? Join(list, ",", item => TypeConverter.ToString(_engine.Call(ToObject(item).Get("toLocaleString"), item, [])))
            : _engine.Call(original, self, arguments));
        Wrap(prototype, "flat", (original, self, arguments) => self is ObjectInstance list
            ? Flat(list, arguments is [var levels, ..] && !levels.IsUndefined() ? Math.Min(TypeConverter.ToInteger(levels), MaxDepth) : 1)
            : _engine.Call(original, self, arguments));
        var map = prototype.Get("map");
        Wrap(prototype, "flatMap", (_, self, arguments) => Flat(_engine.Call(map, self, arguments).AsObject(), 1));
    }

    JsValue Join(ObjectInstance list, string separator, Func<JsValue, string> textOf)
    {
        if (_joining.Contains(list)) return ""; // as everywhere in JavaScript, a list in itself is empty
        if (_joining.Count >= MaxDepth) throw TooDeep();
        _joining.Add(list);
        try
        {
            var joined = new StringBuilder();
            var count = LengthOf(list);
            for (double i = 0; i < count; i++)
            {
                Visit();
                if (i > 0) joined.Append(separator);
                var item = ItemOf(list, i);
                var text = item.IsNull() || item.IsUndefined() ? "" : textOf(item);
                Take(text.Length + separator.Length);
                joined.Append(text);
            }
            return joined.ToString();
        }
        finally
        {
            _joining.Remove(list);
        }
    }

    JsArray Flat(ObjectInstance list, double levels)
    {
        var items = new List<JsValue>();
        Flatten(list, levels, items);
        return new(_engine, [.. items]);
    }

    void Flatten(ObjectInstance list, double levels, List<JsValue> into)
    {
        var count = LengthOf(list);
        for (double i = 0; i < count; i++)
        {
            Visit();
            var item = ItemOf(list, i);
            if (item is ObjectInstance inner && levels >= 1 && (inner is JsArray || TypeConverter.ToBoolean(_engine.Call(_isArray, JsValue.Undefined, [inner]))))
                Flatten(inner, levels - 1, into);
            else if (!item.IsUndefined() || list.HasProperty(Key(i)))
                into.Add(item);
        }
    }

    JsValue Stringify(JsValue original, JsValue self, JsValue[] arguments)
    {
        var (value, replacer) = (At(arguments, 0), At(arguments, 1));
        var indents = !At(arguments, 2).IsUndefined();
        var replaces = IsFunction(replacer);
        var depths = new Dictionary<ObjectInstance, int>(ReferenceEqualityComparer.Instance);
        // Getters, proxies, toJSON and the script's own function make values on the way; so each is counted where it is written.
        var counting = new ClrFunction(_engine, "", (holder, given) =>
        {
            var depth = (holder is ObjectInstance outer ? depths.GetValueOrDefault(outer) : 0) + 1;
            if (depth > MaxDepth) throw TooDeep();
            Visit();
            var written = replaces ? _engine.Call(replacer, holder, given) : given[1];
            Take((indents ? 10 * depth : 0) + given[0].ToString().Length + (written.IsString() ? written.AsString().Length : 0));
            if (written is ObjectInstance inner) depths[inner] = depth;
            return written;
        });
        if (replaces || replacer is not ObjectInstance) return _engine.Call(original, self, [value, counting, At(arguments, 2)]);
        // A list of names leaves names out and puts the others in its order, which a function cannot; what it leaves out is counted too.
        _engine.Call(original, self, [value, counting, At(arguments, 2)]);
        return _engine.Call(original, self, arguments);
    }

    // Bound functions and proxies are functions too, and only the language itself tells.
    bool IsFunction(JsValue value) => value is ObjectInstance && _engine.Call(_typeOf, JsValue.Undefined, [value]).ToString() == "function";

    ObjectInstance ToObject(JsValue value) => _engine.Call(_toObject, JsValue.Undefined, [value]).AsObject();

    void Visit()
    {
        if (++_values > MaxValues) throw new ScriptException($"the script goes through more than {MaxValues} values of lists and objects");
        if (_values % ValuesBetweenChecks == 0) _engine.Constraints.Check();
    }

    void Take(double characters)
    {
        if (characters > MaxCharacters || (_characters += (long)characters) > MaxCharacters)
            throw new ScriptException($"the script builds more than {MaxCharacters} characters of text");
    }

    void Wrap(ObjectInstance owner, JsValue key, Func<JsValue, JsValue, JsValue[], JsValue> wrapped)
    {
        var original = owner.Get(key);
        var function = new ClrFunction(_engine, key.IsString() ? key.ToString() : "", (self, arguments) => wrapped(original, self, arguments));
        owner.DefineOwnProperty(key, new(function, writable: true, enumerable: false, configurable: true));
    }

    static JsValue At(JsValue[] arguments, int index) => arguments.ElementAtOrDefault(index) ?? JsValue.Undefined;

    static double LengthOf(ObjectInstance list) => TypeConverter.ToInteger(list.Get("length"));

    static JsValue ItemOf(ObjectInstance list, double index) =>
        list is JsArray array && index < array.Length ? array[(uint)index] : list.Get(Key(index));

    static string Key(double index) => index.ToString(CultureInfo.InvariantCulture);

    static ScriptException TooDeep() => new($"the script has a value that is nested more than {MaxDepth} deep");
}
