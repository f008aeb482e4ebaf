using Rlhf.Runtime.Access;

namespace Rlhf.Server.Access;

/// <summary>What a route needs.</summary>
enum Permission
{
    Anyone,
    View,
    Label,
    Operate,
    Approve,
    Administer,
}

/// <summary>What each role may. A labeler sees nothing but the questions.</summary>
static class Permissions
{
    public static IReadOnlyList<Permission> Of(Role role) => role switch
    {
        Role.Viewer => [Permission.View],
        Role.Labeler => [Permission.Label],
        Role.Operator => [Permission.View, Permission.Label, Permission.Operate],
        Role.Approver => [Permission.View, Permission.Approve],
        Role.Administrator => [Permission.View, Permission.Label, Permission.Operate, Permission.Approve, Permission.Administer],
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "Expected a role."),
    };
}
