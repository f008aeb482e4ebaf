using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Hosting;
using Rlhf.Server.Pages;

namespace Rlhf.Server.Access;

/// <summary>Lets through what the table of routes allows to who asks, and nothing else.</summary>
sealed class Gatekeeper(IEnumerable<IIdentify> ways)
{
    /// <summary>A body that is too long is read and thrown away up to this length, in bytes.</summary>
    const int LongestThrownAway = 32 << 20;

    public async Task IdentifyAsync(HttpContext context, RequestDelegate next)
    {
        foreach (var way in ways)
        {
            if (await way.IdentifyAsync(context) is not { } caller) continue;
            context.Features.Set(caller);
            break;
        }
        await next(context);
    }

    public static async Task AdmitAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<Route>() is not { } route)
        {
            // The framework's own answers to a known path, by another method or with another body, have no route of ours.
            if (context.GetEndpoint()?.DisplayName?.StartsWith("415", StringComparison.Ordinal) == true)
            {
                await Answers.ErrorAsync(context, StatusCodes.Status415UnsupportedMediaType, $"The body is '{context.Request.ContentType}'; expected application/json.");
                return;
            }
            var isKnown = context.GetEndpoint() is not null;
            await Answers.ErrorAsync(
                context, isKnown ? StatusCodes.Status405MethodNotAllowed : StatusCodes.Status404NotFound,
                $"There is no {context.Request.Method} {context.Request.Path} here.");
            return;
        }
        var caller = Caller.Of(context);
        if (caller?.May(route) != true && route.Needs != Permission.Anyone)
        {
            await RefuseAsync(context, route, caller);
            return;
        }
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = route.LongestBody;
        if (route.Needs != Permission.Anyone && context.Request.ContentLength > route.LongestBody && context.Request.ContentLength <= LongestThrownAway)
        {
            // Who is still sending reads no answer: a broken connection would be all that they see of it.
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } more) more.MaxRequestBodySize = LongestThrownAway;
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            await Answers.ErrorAsync(context, StatusCodes.Status413PayloadTooLarge, $"The body has {context.Request.ContentLength} bytes; expected at most {route.LongestBody} bytes.");
            return;
        }
        if ((route.Changes || IsWebSocket(context) || !HttpMethods.IsGet(context.Request.Method)) && await ForgeryAsync(context) is { } forgery)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status403Forbidden, forgery);
            return;
        }
        await next(context);
    }

    static async Task RefuseAsync(HttpContext context, Route route, Caller? caller)
    {
        if (caller is not null && route is { IsPage: true, Pattern: "/" } && Permissions.Of(caller.Role).Contains(Permission.Label))
        {
            context.Response.Redirect("/label");
            return;
        }
        if (caller is null && route.IsPage)
        {
            context.Response.Redirect(SignInPages.AddressFor(context));
            return;
        }
        if (caller is null && context.Features.Get<Refusal>() is { } refusal)
        {
            if (refusal.Status == StatusCodes.Status401Unauthorized) context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
            await Answers.ErrorAsync(context, refusal.Status, refusal.Sentence);
            return;
        }
        if (caller is null) context.Response.Headers.WWWAuthenticate = "Bearer";
        await Answers.ErrorAsync(
            context, caller is null ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden,
            caller is null ? $"Nobody is signed in; expected a key{(context.RequestServices.GetRequiredService<Site>().Options.OpenIdConnect is null ? "" : " or a token")} (Authorization: Bearer) or a session."
            : $"{caller.Name} is {caller.Role.ToString().ToLowerInvariant()}{(caller.Scope is null ? "" : $" for {caller.Scope}")} and may not do this.");
    }

    /// <summary>
    /// Why a request that changes something may be another site's, or null. A browser says where a request comes from and sends cookies by itself; what is no browser
    /// does neither, and nobody can make it send anything unasked.
    /// </summary>
    static async Task<string?> ForgeryAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (CredentialIdentity.HasKey(context)) return null;
        var isBrowser = headers.ContainsKey("Origin") || headers.ContainsKey("Sec-Fetch-Site") || headers.ContainsKey("Cookie");
        if (!isBrowser) return null;
        if (Elsewhere(context) is { } elsewhere) return elsewhere;
        if (CredentialIdentity.PageToken(context) is { } ofPage) return Cookies.HasApiToken(context, ofPage) ? null : "The request's token is not one of this browser's pages; reload the page.";
        var token = headers[Cookies.TokenHeader] is [{ } sent] ? sent
            : context.Request.HasFormContentType ? (await Answers.ReadFormAsync(context, "a form"))[Cookies.TokenField].ToString()
            : null;
        return Cookies.HasToken(context, token) ? null : $"The request has no valid token; expected {Cookies.TokenHeader} as a page of this server sends it (reload the page).";
    }

    static string? Elsewhere(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (headers["Sec-Fetch-Site"] is [{ } from] && from != "same-origin") return "The request comes from another site; expected a page of this server.";
        return headers.Origin is [{ } origin] && !IsOwn(origin, context, context.RequestServices.GetRequiredService<Site>()) ? $"The request comes from '{origin}'; expected a page of this server." : null;
    }

    // A browser lets any site open one to anywhere, with cookies, and read what comes: it is as good as a change.
    static bool IsWebSocket(HttpContext context) => context.Request.Headers.Upgrade.Any(u => "websocket".Equals(u, StringComparison.OrdinalIgnoreCase));

    static bool IsOwn(string origin, HttpContext context, Site site) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && (uri.Authority.Equals(context.Request.Host.Value, StringComparison.OrdinalIgnoreCase)
            || (site.Options.PublicUrl is { } known && known.Authority.Equals(uri.Authority, StringComparison.OrdinalIgnoreCase)));
}
