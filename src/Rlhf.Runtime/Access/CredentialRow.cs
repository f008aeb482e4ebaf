namespace Rlhf.Runtime.Access;

/// <summary>A key, an invitation or a session; of its secret only the SHA-256 is kept.</summary>
internal sealed class CredentialRow
{
    public long Number { get; init; }
    public required string Kind { get; init; }
    public required string Hash { get; init; }
    public required string Name { get; init; }
    public required string Role { get; init; }
    public string? Scope { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? LastUsedAt { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }
}
