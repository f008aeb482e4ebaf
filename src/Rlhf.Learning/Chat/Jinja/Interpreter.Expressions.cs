namespace Rlhf.Learning.Chat.Jinja;

/// <summary>Computes a template's expressions.</summary>
sealed partial class Interpreter
{
    object? Evaluate(Expression expression)
    {
        _rendering.Enter();
        _rendering.Line = expression.Line;
        var value = expression switch
        {
            Literal literal => literal.Value,
            Variable variable => _scope.Get(variable.Name),
            SequenceDisplay display => new Sequence([.. display.Items.Select(Evaluate)], display.Kind),
            MappingDisplay display => NewMapping(display),
            Member member => Access.Member(_rendering, Evaluate(member.Target), member.Name),
            Item item => Access.Item(_rendering, Evaluate(item.Target), Evaluate(item.Key)),
            Slice slice => Access.Slice(_rendering, Evaluate(slice.Target), Bound(slice.Start), Bound(slice.Stop), Bound(slice.Step)),
            Unary unary => Evaluate(unary),
            Binary binary => Evaluate(binary),
            Comparison comparison => Evaluate(comparison),
            Conditional choice => Value.IsTrue(Evaluate(choice.Condition)) ? Evaluate(choice.Then)
                : choice.Otherwise is { } otherwise ? Evaluate(otherwise)
                : new Undefined("the missing else"),
            FilterUse use => use.Filter.Body(_rendering, Evaluate(use.Target), Evaluate(use.Arguments)),
            TestUse use => use.Test.Body(_rendering, Evaluate(use.Target), Evaluate(use.Arguments)),
            _ => Evaluate((Call)expression),
        };
        _rendering.Leave();
        return value;
    }

    object? Bound(Expression? bound) => bound is null ? null : Evaluate(bound);

    Mapping NewMapping(MappingDisplay display)
    {
        var mapping = new Mapping();
        foreach (var (key, value) in display.Pairs)
            mapping.Set(_rendering, Evaluate(key), Evaluate(value));
        return mapping;
    }

    object? Evaluate(Unary unary)
    {
        var value = Evaluate(unary.Operand);
        return unary.Operator switch
        {
            "not" => !Value.IsTrue(value),
            "-" => Operations.Negative(_rendering, value),
            _ => Value.IsNumber(value) ? Value.Number(value) : throw _rendering.Error($"'+' is not defined for {Value.Kind(value)}"),
        };
    }

    object? Evaluate(Binary binary)
    {
        var left = Evaluate(binary.Left);
        if (binary.Operator is "and" or "or")
            return Value.IsTrue(left) == (binary.Operator == "or") ? left : Evaluate(binary.Right);
        var right = Evaluate(binary.Right);
        _rendering.Line = binary.Line;
        return Operations.Apply(_rendering, binary.Operator, left, right);
    }

    object? Evaluate(Comparison comparison)
    {
        var left = Evaluate(comparison.First);
        foreach (var (word, expression) in comparison.Rest)
        {
            var right = Evaluate(expression);
            if (!Operations.Compare(_rendering, word, left, right))
                return false;
            left = right;
        }
        return true;
    }

    Arguments Evaluate(ArgumentList arguments) => arguments.Positional.Count == 0 && arguments.Named.Count == 0
        ? Arguments.None
        : new([.. arguments.Positional.Select(Evaluate)], arguments.Named.ToDictionary(argument => argument.Name, argument => Evaluate(argument.Value)));

    object? Evaluate(Call call)
    {
        var target = Evaluate(call.Target);
        var arguments = Evaluate(call.Arguments);
        _rendering.Line = call.Line;
        return target switch
        {
            Macro macro => CallMacro(macro, arguments),
            Callable function => Checked(function, arguments).Body(_rendering, null, arguments),
            BoundMethod bound => Checked(bound.Method, arguments).Body(_rendering, bound.Subject, arguments),
            _ => throw _rendering.Error($"{Value.Kind(target)} {(target is Undefined ? "is" : "cannot be")} called"),
        };
    }

    Callable Checked(Callable callable, Arguments arguments) =>
        callable.Misuse(arguments.Positional.Count, arguments.Named.Keys) is { } misuse ? throw _rendering.Error(misuse) : callable;
}
