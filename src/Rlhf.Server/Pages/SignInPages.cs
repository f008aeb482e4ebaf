using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime.Access;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.OpenIdConnect;

namespace Rlhf.Server.Pages;

/// <summary>Ways in: by a key, or by an invitation, which is used up by its button and not by whoever looks at the link.</summary>
static class SignInPages
{
    public static Task ShowAsync(HttpContext context) => ShowAsync(context, null, StatusCodes.Status200OK);

    /// <summary>The page that asks who it is, with what went wrong.</summary>
    public static Task ShowAsync(HttpContext context, string? error, int status) => Html.WriteAsync<SignInPage>(context, new()
    {
        [nameof(SignInPage.Token)] = Cookies.Token(context, SiteOf(context)),
        [nameof(SignInPage.Error)] = error,
        [nameof(SignInPage.Page)] = PageOf(context),
        [nameof(SignInPage.Issuer)] = SiteOf(context).Options.OpenIdConnect?.ToString(),
        [nameof(SignInPage.Begins)] = OidcPages.Begins + (context.Request.Query["page"] is [{ Length: > 0 } page] ? QueryString.Create("page", page) : ""),
    }, status);

    /// <summary>Where who is not signed in goes, and from there to the page that was asked for.</summary>
    public static string AddressFor(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) && context.Request.Path.Value is { } page && page != "/" && RouteTable.IsPage(page) ? $"/sign-in{QueryString.Create("page", page)}" : "/sign-in";

    public static async Task SignInAsync(HttpContext context)
    {
        var site = SiteOf(context);
        var key = context.Request.HasFormContentType ? (await Answers.ReadFormAsync(context, "a form with a key"))["key"].ToString().Trim() : "";
        if (await site.Runtime.Credentials.SignInAsync(key, context.RequestAborted) is not { } session)
        {
            await ShowAsync(context, "This is no valid key.", StatusCodes.Status401Unauthorized);
            return;
        }
        Cookies.Begin(context, site, session);
        SeeOther(context, PageOf(context) ?? "/");
    }

    /// <summary>The page that was asked for, as the way in or its form says; null for none, and for what is none of this server.</summary>
    static string? PageOf(HttpContext context)
    {
        var page = context.Request.HasFormContentType ? $"{context.Request.Form["page"]}" : $"{context.Request.Query["page"]}";
        return RouteTable.IsPage(page) ? page : null;
    }

    public static async Task SignOutAsync(HttpContext context)
    {
        var site = SiteOf(context);
        if (context.Request.Cookies[Cookies.Session] is { } session) await site.Runtime.Credentials.SignOutAsync(session, context.RequestAborted);
        Cookies.End(context, site);
        SeeOther(context, "/sign-in");
    }

    public static async Task InvitedAsync(HttpContext context)
    {
        var invitation = await SiteOf(context).Runtime.Credentials.FindAsync(SecretOf(context), context.RequestAborted, CredentialKind.Invitation);
        await InvitationAsync(context, invitation?.Name);
    }

    public static async Task JoinAsync(HttpContext context)
    {
        var site = SiteOf(context);
        if (await site.Runtime.Credentials.JoinAsync(SecretOf(context), context.RequestAborted) is not { } session)
        {
            await InvitationAsync(context, null);
            return;
        }
        Cookies.Begin(context, site, session);
        SeeOther(context, "/label");
    }

    static Task InvitationAsync(HttpContext context, string? name) => Html.WriteAsync<InvitationPage>(context, new()
    {
        [nameof(InvitationPage.Token)] = Cookies.Token(context, SiteOf(context)),
        [nameof(InvitationPage.Name)] = name,
    }, name is null ? StatusCodes.Status410Gone : StatusCodes.Status200OK);

    // 303: what follows a form is got, whatever sent the form.
    static void SeeOther(HttpContext context, string where)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = where;
    }

    static string SecretOf(HttpContext context) => $"{context.Request.RouteValues["secret"]}";

    static Site SiteOf(HttpContext context) => context.RequestServices.GetRequiredService<Site>();
}
