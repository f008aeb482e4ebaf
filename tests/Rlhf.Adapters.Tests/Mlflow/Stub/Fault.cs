namespace Rlhf.Tests.Support;

/// <summary>What goes wrong with one request to a stub server.</summary>
public abstract record Fault
{
    /// <summary>Not carried out; this status with this body. RetryAfter in whole seconds.</summary>
    public sealed record Refuse(int Status, string Body = "", int? RetryAfter = null) : Fault;

    /// <summary>Carried out, but the answer is this status.</summary>
    public sealed record LoseAnswer(int Status) : Fault;

    /// <summary>Not carried out, and never answered.</summary>
    public sealed record Hang : Fault;

    /// <summary>Carried out, and never answered.</summary>
    public sealed record HangAfter : Fault;

    /// <summary>The connection is reset before the request is carried out.</summary>
    public sealed record ResetBefore : Fault;

    /// <summary>The request is carried out, then the connection is reset.</summary>
    public sealed record ResetAfter : Fault;

    /// <summary>Carried out; the answer's body ends halfway, with the connection.</summary>
    public sealed record Truncate : Fault;

    /// <summary>Carried out; the answer's body ends halfway, as if it were whole.</summary>
    public sealed record Cut : Fault;
}
