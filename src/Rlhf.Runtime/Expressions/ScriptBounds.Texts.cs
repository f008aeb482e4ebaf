using System.Text;
using Jint;
using Jint.Native;
using Jint.Native.Object;
using Jint.Runtime;
using Jint.Runtime.Interop;

namespace Rlhf.Runtime.Expressions;

/// <content>Functions of texts that give more than they are given.</content>
internal sealed partial class ScriptBounds
{
    // Not what is built, only what could be at worst.
    const double MaxExpansion = 1 << 28;

    void WrapTexts(ObjectInstance constructor, ObjectInstance prototype)
    {
        WrapText(prototype, "repeat", (text, arguments) =>
        {
            Take(text.Length * Math.Max(0, TypeConverter.ToInteger(At(arguments, 0))));
            return arguments;
        });
        foreach (var name in new[] { "padStart", "padEnd" })
        {
            WrapText(prototype, name, (text, arguments) =>
            {
                Take(Math.Max(0, TypeConverter.ToInteger(At(arguments, 0)) - text.Length));
                return arguments;
            });
        }
        WrapText(prototype, "concat", (text, arguments) =>
        {
            Take(text.Length);
            return [.. arguments.Select(a => (JsValue)Taken(a))];
        });
        Wrap(constructor, "raw", (_, _, arguments) =>
        {
            var list = ToObject(ToObject(At(arguments, 0)).Get("raw"));
            var (text, count) = (new StringBuilder(), LengthOf(list));
            for (double i = 0; i < count; i++)
            {
                Visit();
                text.Append(Taken(ItemOf(list, i)));
                if (i + 1 < count && i + 1 < arguments.Length) text.Append(Taken(arguments[(int)i + 1]));
            }
            return text.ToString();
        });
    }

    void WrapText(ObjectInstance prototype, string name, Func<string, JsValue[], JsValue[]> bounded) => Wrap(prototype, name, (original, self, arguments) =>
    {
        // Of nothing, the original says what is wrong.
        if (self.IsNull() || self.IsUndefined()) return _engine.Call(original, self, arguments);
        var text = TypeConverter.ToString(self);
        return _engine.Call(original, text, bounded(text, arguments));
    });

    void WrapReplace(ObjectInstance text, ObjectInstance regex)
    {
        var symbol = _engine.GetValue("Symbol").Get("replace");
        foreach (var name in new[] { "replace", "replaceAll" })
        {
            Wrap(text, name, (original, self, arguments) =>
            {
                var isText = At(arguments, 0) is not ObjectInstance pattern || pattern.Get(symbol).IsUndefined();
                if (self.IsNull() || self.IsUndefined() || !isText) return _engine.Call(original, self, arguments);
                var whole = TypeConverter.ToString(self);
                return _engine.Call(original, whole, [At(arguments, 0), Replacement(At(arguments, 1), whole, once: name == "replace")]);
            });
        }
        Wrap(regex, symbol, (original, self, arguments) =>
        {
            if (self is not ObjectInstance) return _engine.Call(original, self, arguments);
            var whole = TypeConverter.ToString(At(arguments, 0));
            return _engine.Call(original, self, [whole, Replacement(At(arguments, 1), whole, once: false)]);
        });
    }

    /// <summary>The same replacement, counted each time it is put in; one with $ in it at what it can come to at worst.</summary>
    JsValue Replacement(JsValue given, string whole, bool once)
    {
        if (IsFunction(given)) return Counted((self, arguments) => Taken(_engine.Call(given, self, arguments)));
        var text = TypeConverter.ToString(given);
        var expansions = text.Count(c => c == '$');
        if (expansions == 0) return Counted((_, _) => Taken(text));
        if ((once ? 1 : whole.Length + 1.0) * (text.Length + (double)expansions * whole.Length) > MaxExpansion)
            throw new ScriptException($"the script replaces by '$' in a text of {whole.Length} characters; expected a shorter one");
        return text;
    }

    ClrFunction Counted(Func<JsValue, JsValue[], JsValue> function) => new(_engine, "", (self, arguments) => function(self, arguments));

    string Taken(JsValue value)
    {
        var text = TypeConverter.ToString(value);
        Take(text.Length);
        return text;
    }
}
