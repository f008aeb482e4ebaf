namespace Rlhf.Learning.Chat.Jinja;

/// <summary>The tests, which stand after "is".</summary>
static class Predicates
{
    internal static readonly IReadOnlyDictionary<string, Callable> All = Methods.Table(
        Is("defined", value => value is not Undefined),
        Is("undefined", value => value is Undefined),
        Is("none", value => value is null),
        Is("string", value => value is MarkedText or SafeText),
        Is("mapping", value => value is Mapping),
        Is("iterable", value => value is MarkedText or SafeText or Sequence or Mapping or Undefined),
        Is("sequence", value => value is MarkedText or SafeText or Mapping or Undefined or Sequence { IsSubscriptable: true }),
        Is("number", Value.IsNumber),
        Is("integer", value => value is long),
        Is("float", value => value is double),
        Is("boolean", value => value is bool),
        Is("true", value => value is true),
        Is("false", value => value is false),
        Is("callable", value => value is Callable or Macro or BoundMethod),
        new("even", [], (run, value, _) => HasRemainder(run, value, 2L, 0L)),
        new("odd", [], (run, value, _) => HasRemainder(run, value, 2L, 1L)),
        new("divisibleby", ["num"], (run, value, arguments) => HasRemainder(run, value, arguments.First, 0L), Required: 1),
        new("in", ["seq"], (run, value, arguments) => Value.Contains(run, arguments.First, value), Required: 1),
        Compare("eq", "=="), Compare("equalto", "=="), Compare("==", "=="), Compare("ne", "!="), Compare("!=", "!="),
        Compare("lt", "<"), Compare("lessthan", "<"), Compare("<", "<"), Compare("le", "<="), Compare("<=", "<="),
        Compare("gt", ">"), Compare("greaterthan", ">"), Compare(">", ">"), Compare("ge", ">="), Compare(">=", ">="));

    static Callable Is(string name, Func<object?, bool> holds) => new(name, [], (_, value, _) => holds(value));

    static Callable Compare(string name, string comparison) =>
        new(name, ["other"], (run, value, arguments) => Operations.Compare(run, comparison, value, arguments.First), Required: 1);

    static bool HasRemainder(Rendering run, object? value, object? divisor, long remainder) =>
        Value.AreEqual(run, Operations.Apply(run, "%", value, divisor), remainder);
}
