namespace Rlhf.Runtime.Access;

/// <summary>What somebody is here for; what each may do stands in the server's table of routes.</summary>
public enum Role
{
    /// <summary>Sees what runs.</summary>
    Viewer,

    /// <summary>Answers questions, and sees nothing but these.</summary>
    Labeler,

    /// <summary>Runs rounds and labeling.</summary>
    Operator,

    /// <summary>Decides on promotions.</summary>
    Approver,

    /// <summary>May do everything.</summary>
    Administrator,
}

/// <summary>What a secret is for.</summary>
public enum CredentialKind
{
    /// <summary>An API key: sent with every request, or once to sign in.</summary>
    Key,

    /// <summary>Lets one person join, once.</summary>
    Invitation,

    /// <summary>A browser that signed in or joined.</summary>
    Session,
}

/// <summary>A key, an invitation or a session without its secret.</summary>
/// <param name="Name">Whose it is: the labeler's name in judgements.</param>
/// <param name="Scope">The one area of routes that it is good for, such as <c>labeling</c>; null for all.</param>
/// <param name="ExpiresAt">Null for never.</param>
/// <param name="RevokedAt">Revoked, or used up; null where neither.</param>
public sealed record Credential(
    long Number, CredentialKind Kind, string Name, Role Role, string? Scope, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt)
{
    /// <summary>True where it opens anything at this time.</summary>
    public bool IsValid(DateTimeOffset now) => RevokedAt is null && (ExpiresAt is not { } end || now < end);
}
