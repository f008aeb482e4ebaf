using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime.Access;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa.Descriptors;

/// <summary>Elsa's way to come in: the password is a key of this store, which is its own access token and needs no refreshing.</summary>
static class IdentityApi
{
    public static async Task LoginAsync(HttpContext context)
    {
        var fields = await Fields.ReadAsync(context);
        var (name, key) = (fields.Needed("username"), fields.Needed("password"));
        var found = await context.RequestServices.GetRequiredService<Site>().Runtime.Credentials.FindAsync(key, context.RequestAborted, CredentialKind.Key);
        await AnswerAsync(context, found?.Name == name ? key : null);
    }

    public static Task RefreshAsync(HttpContext context) =>
        AnswerAsync(context, Caller.Of(context) is not null && CredentialIdentity.HasKey(context) ? context.Request.Headers.Authorization.ToString()[CredentialIdentity.Bearer.Length..].Trim() : null);

    static Task AnswerAsync(HttpContext context, string? key) => Replies.WriteAsync(context, key is null ? new JsonObject { ["isAuthenticated"] = false }
        : new JsonObject { ["isAuthenticated"] = true, ["accessToken"] = key, ["refreshToken"] = key });
}
