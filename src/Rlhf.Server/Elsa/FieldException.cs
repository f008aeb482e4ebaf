namespace Rlhf.Server.Elsa;

/// <summary>A field of a request that is not what it may be; the answer says so under its name, as Elsa's does.</summary>
sealed class FieldException(string name, string message, Exception? inner = null) : ArgumentException(message, inner)
{
    public string Name => name;
}
