namespace Rlhf.Runtime.Access;

/// <summary>Somebody whom an issuer knows, and the name that is theirs here for good.</summary>
internal sealed class SubjectRow
{
    public required string Issuer { get; init; }
    public required string Subject { get; init; }
    public required string Name { get; init; }

    /// <summary>The name in lowercase: two people's names differ in more than that.</summary>
    public required string NameKey { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
