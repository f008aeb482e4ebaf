namespace Rlhf.Learning.Chat.Jinja;

/// <summary>Runs a template's statements; the other file computes its expressions.</summary>
sealed partial class Interpreter
{
    readonly Rendering _rendering;
    MarkedText.Builder _output;
    Scope _scope;

    Interpreter(Rendering rendering, Scope scope) => (_rendering, _output, _scope) = (rendering, new(rendering), scope);

    internal static MarkedText Run(IReadOnlyList<Statement> template, Rendering rendering, IEnumerable<(string Name, object? Value)> context)
    {
        var scope = new Scope();
        foreach (var (name, function) in Functions.All)
            scope.Set(name, function);
        foreach (var (name, value) in context)
            scope.Set(name, value);
        var interpreter = new Interpreter(rendering, new Scope(scope));
        interpreter.Execute(template);
        return interpreter._output.Build();
    }

    Flow Execute(IReadOnlyList<Statement> statements)
    {
        _rendering.Enter();
        var flow = Flow.Next;
        for (var i = 0; i < statements.Count && flow == Flow.Next; i++)
            flow = Execute(statements[i]);
        _rendering.Leave();
        return flow;
    }

    Flow Execute(Statement statement)
    {
        _rendering.Line = statement.Line;
        _rendering.Spend(1);
        switch (statement)
        {
            case Write write:
                _output.Append(write.Text);
                return Flow.Next;
            case Print print:
                _output.Append(Evaluate(print.Value) is var value && value is SafeText safe ? safe.Text : Repr.Text(_rendering, value));
                return Flow.Next;
            case If choice:
                foreach (var (condition, body) in choice.Branches)
                    if (Value.IsTrue(Evaluate(condition)))
                        return Execute(body);
                return Execute(choice.Otherwise);
            case For loop:
                return Execute(loop);
            case Assign assignment:
                Set(assignment.Target, Evaluate(assignment.Value));
                return Flow.Next;
            case AssignBlock block:
                _scope.Set(AssignBlock.Text, Capture(block.Body, new Scope(_scope)));
                Set(block.Target, Evaluate(block.Value));
                return Flow.Next;
            case DefineMacro macro:
                _scope.Set(macro.Name, new Macro(macro, _scope));
                return Flow.Next;
            case Scoped part:
                return Within(new Scope(_scope), () => Execute(part.Body));
            default:
                return ((Jump)statement).Flow;
        }
    }

    Flow Execute(For loop)
    {
        var items = Value.Items(_rendering, Evaluate(loop.Items));
        if (loop.Condition is { } condition)
            items = [.. items.Where(item => Within(Around(loop.Target, item), () => Value.IsTrue(Evaluate(condition))))];
        if (items.Count == 0)
            return Within(new Scope(_scope), () => Execute(loop.Otherwise));
        var state = new LoopState(items);
        for (; state.Place < items.Count; state.Place++)
        {
            _rendering.Line = loop.Line;
            var scope = Around(loop.Target, items[state.Place]);
            scope.Set("loop", state);
            if (Within(scope, () => Execute(loop.Body)) == Flow.Break)
                break;
        }
        return Flow.Next;
    }

    /// <summary>A new scope in which a loop's names have an item's values.</summary>
    Scope Around(Target target, object? item)
    {
        _rendering.Spend(1);
        var scope = new Scope(_scope);
        Within(scope, () => Set(target, item));
        return scope;
    }

    void Within(Scope scope, Action act) => Within(scope, () =>
    {
        act();
        return true;
    });

    T Within<T>(Scope scope, Func<T> act)
    {
        var around = _scope;
        _scope = scope;
        var result = act();
        _scope = around; // an exception ends the whole rendering
        return result;
    }

    void Set(Target target, object? value)
    {
        if (target.Attribute is { } attribute)
        {
            var space = _scope.Get(target.Names[0]) as Namespace
                ?? throw _rendering.Error($"'{target.Names[0]}.{attribute}' is set, but '{target.Names[0]}' is no namespace");
            space.Attributes[attribute] = value;
            return;
        }
        if (!target.IsTuple)
        {
            _scope.Set(target.Names[0], value);
            return;
        }
        var items = Value.Items(_rendering, value);
        if (items.Count != target.Names.Count)
            throw _rendering.Error($"{target.Names.Count} names are given the values of {items.Count} items");
        for (var i = 0; i < items.Count; i++)
            _scope.Set(target.Names[i], items[i]);
    }

    MarkedText Capture(IReadOnlyList<Statement> body, Scope scope)
    {
        var output = _output;
        _output = new(_rendering);
        Within(scope, () => Execute(body));
        var captured = _output.Build();
        _output = output;
        return captured;
    }

    MarkedText CallMacro(Macro macro, Arguments arguments)
    {
        var (definition, scope) = (macro.Definition, new Scope(macro.Around));
        var names = definition.Parameters.Select(parameter => parameter.Name).ToList();
        if (new Callable(definition.Name, [.. names], (_, _, _) => null).Misuse(arguments.Positional.Count, arguments.Named.Keys) is { } misuse)
            throw _rendering.Error(misuse);
        foreach (var name in names)
            scope.Set(name, new Undefined(name)); // which a default of the same name sees
        for (var i = 0; i < names.Count; i++)
        {
            var isGiven = i < arguments.Positional.Count || arguments.Named.ContainsKey(names[i]);
            var value = isGiven ? arguments.Get(i, names[i])
                : definition.Parameters[i].Default is { } otherwise ? Within(scope, () => Evaluate(otherwise))
                : scope.Get(names[i]);
            scope.Set(names[i], value);
        }
        return Capture(definition.Body, scope);
    }
}
