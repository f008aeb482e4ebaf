using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Access;

namespace Rlhf.Server.Access;

/// <summary>Who makes a request.</summary>
/// <param name="Name">Whose judgements and decisions these are.</param>
/// <param name="Scope">The one area of routes that this caller may use; null for all.</param>
/// <param name="IsLocal">True for the person at a machine without accounts, whom no rule that needs two people may count.</param>
sealed record Caller(string Name, Role Role, string? Scope = null, bool IsLocal = false)
{
    /// <summary>The caller of a request, or null where nobody is known.</summary>
    public static Caller? Of(HttpContext context) => context.Features.Get<Caller>();

    /// <summary>True where this caller may use the route.</summary>
    public bool May(Route route) =>
        route.Needs == Permission.Anyone || (Permissions.Of(Role).Contains(route.Needs) && (Scope is null || Scope == route.Area));
}

/// <summary>
/// A way to know who makes a request: a credential of this store, what an issuer says, and being at this machine. They are asked in the order
/// in which they are registered.
/// </summary>
interface IIdentify
{
    /// <summary>Null where this way does not know.</summary>
    Task<Caller?> IdentifyAsync(HttpContext context);
}
