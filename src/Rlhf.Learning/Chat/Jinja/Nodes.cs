namespace Rlhf.Learning.Chat.Jinja;

abstract record Node(int Line);

// Expressions.
abstract record Expression(int Line) : Node(Line);
sealed record Literal(int Line, object? Value) : Expression(Line);
sealed record Variable(int Line, string Name) : Expression(Line);
sealed record SequenceDisplay(int Line, IReadOnlyList<Expression> Items, SequenceKind Kind) : Expression(Line);
sealed record MappingDisplay(int Line, IReadOnlyList<(Expression Key, Expression Value)> Pairs) : Expression(Line);
sealed record Member(int Line, Expression Target, string Name) : Expression(Line);
sealed record Item(int Line, Expression Target, Expression Key) : Expression(Line);
sealed record Slice(int Line, Expression Target, Expression? Start, Expression? Stop, Expression? Step) : Expression(Line);
sealed record Unary(int Line, string Operator, Expression Operand) : Expression(Line);
sealed record Binary(int Line, string Operator, Expression Left, Expression Right) : Expression(Line);
sealed record Comparison(int Line, Expression First, IReadOnlyList<(string Operator, Expression Right)> Rest) : Expression(Line);
sealed record Conditional(int Line, Expression Condition, Expression Then, Expression? Otherwise) : Expression(Line);
sealed record FilterUse(int Line, Expression Target, Callable Filter, ArgumentList Arguments) : Expression(Line);
sealed record TestUse(int Line, Expression Target, Callable Test, ArgumentList Arguments) : Expression(Line);
sealed record Call(int Line, Expression Target, ArgumentList Arguments) : Expression(Line);
sealed record ArgumentList(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named);

// Statements.
abstract record Statement(int Line) : Node(Line);
sealed record Write(int Line, MarkedText Text) : Statement(Line);
sealed record Print(int Line, Expression Value) : Statement(Line);
sealed record If(int Line, IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> Branches, IReadOnlyList<Statement> Otherwise) : Statement(Line);
sealed record For(int Line, Target Target, Expression Items, Expression? Condition, IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Otherwise) : Statement(Line);
sealed record Assign(int Line, Target Target, Expression Value) : Statement(Line);
sealed record AssignBlock(int Line, Target Target, Expression Value, IReadOnlyList<Statement> Body) : Statement(Line)
{
    /// <summary>The variable that holds the block's text while the filters change it; no template can name it.</summary>
    internal const string Text = "a block's text";
}

sealed record DefineMacro(int Line, string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, IReadOnlyList<Statement> Body) : Statement(Line);
sealed record Scoped(int Line, IReadOnlyList<Statement> Body) : Statement(Line);
sealed record Jump(int Line, Flow Flow) : Statement(Line);

enum Flow { Next, Break, Continue }

/// <summary>What an assignment gives a value to: names that share a sequence, or an attribute of a namespace.</summary>
sealed record Target(IReadOnlyList<string> Names, bool IsTuple, string? Attribute = null);
