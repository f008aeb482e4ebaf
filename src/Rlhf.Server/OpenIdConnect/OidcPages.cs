using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime.Access;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.Pages;

namespace Rlhf.Server.OpenIdConnect;

/// <summary>The way to the issuer and back.</summary>
static class OidcPages
{
    /// <summary>Where the browser begins, and where the issuer sends it back to.</summary>
    public const string Begins = "/sign-in/oidc", Callback = "/sign-in/oidc/callback";

    public static Task BeginAsync(HttpContext context) => WithIssuerAsync(context, async (site, services) =>
    {
        var attempt = Attempt.Begin(context, site, context.Request.Query["page"]);
        context.Response.Redirect(await services.GetRequiredService<CodeExchange>().AddressAsync(attempt, CallbackOf(context, site), context.RequestAborted));
    });

    public static Task EndAsync(HttpContext context) => WithIssuerAsync(context, async (site, services) =>
    {
        var query = context.Request.Query;
        var attempt = Attempt.End(context, site);
        if (attempt is null || !Attempt.AreSame(attempt.State, query["state"]))
            throw new OidcException(StatusCodes.Status400BadRequest, "This browser did not begin to sign in here, or did so too long ago; try again.");
        if (query["error"] is [{ } error, ..]) throw new OidcException(StatusCodes.Status403Forbidden, $"The issuer let nobody in ({CodeExchange.Said(error) ?? "for a reason that is none"}); try again.");
        if (query["iss"] is [{ } from, ..] && from.TrimEnd('/') != site.Options.OpenIdConnect!.Name)
            throw new OidcException(StatusCodes.Status400BadRequest, "The answer is another issuer's; try again.");
        if (query["code"] is not [{ Length: > 0 } code]) throw new OidcException(StatusCodes.Status400BadRequest, "The issuer sent no code; try again.");
        var claims = await services.GetRequiredService<CodeExchange>().ExchangeAsync(attempt, code, CallbackOf(context, site), context.RequestAborted);
        var (name, role) = await services.GetRequiredService<People>().WhoAsync(claims, context.RequestAborted);
        if (context.Request.Cookies[Cookies.Session] is { Length: > 0 } before) await site.Runtime.Credentials.SignOutAsync(before, context.RequestAborted);
        Cookies.Begin(context, site, await site.Runtime.Credentials.SignInSubjectAsync(name, role, context.RequestAborted), Credentials.SubjectSessionLife);
        // A page and no redirection: a browser that comes from another site would go on without the session's cookie.
        context.Response.Headers["Refresh"] = $"0; url={attempt.Page}";
        await Html.WriteAsync<SignedInPage>(context, new() { [nameof(SignedInPage.Name)] = name, [nameof(SignedInPage.Next)] = attempt.Page });
    });

    static async Task WithIssuerAsync(HttpContext context, Func<Site, IServiceProvider, Task> act)
    {
        var site = context.RequestServices.GetRequiredService<Site>();
        context.Response.Headers.CacheControl = "no-store";
        if (site.Options.OpenIdConnect is null)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, $"No issuer is configured here; expected {OidcOptions.IssuerVariable}.");
            return;
        }
        try
        {
            await act(site, context.RequestServices);
        }
        catch (OidcException e)
        {
            await SignInPages.ShowAsync(context, e.Message, e.Status);
        }
    }

    // The issuer knows which addresses are this server's, and takes no other.
    static string CallbackOf(HttpContext context, Site site) =>
        new Uri(site.Options.PublicUrl ?? new Uri($"{context.Request.Scheme}://{context.Request.Host}"), Callback).AbsoluteUri;
}
