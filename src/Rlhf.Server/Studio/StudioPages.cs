using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Access;
using Rlhf.Server.Elsa.Descriptors;
using Rlhf.Server.Hosting;
using Rlhf.Server.Pages;

namespace Rlhf.Server.Studio;

/// <summary><c>/studio</c>: the pages around Elsa Studio's elements, each with an address of its own, and the document that an element stands in.</summary>
static class StudioPages
{
    public const string Definitions = "/studio/definitions", Instances = "/studio/instances";

    // Names of Studio's custom elements.
    const string List = "elsa-workflow-definition-list", Editor = "elsa-workflow-definition-editor", Runs = "elsa-workflow-instance-list", Viewer = "elsa-workflow-instance-viewer";

    public static string DefinitionAt(string id) => $"{Definitions}/{Uri.EscapeDataString(id)}";

    public static string InstanceAt(string id) => $"{Instances}/{Uri.EscapeDataString(id)}";

    /// <summary>Leads to the definitions, or says what is missing.</summary>
    public static Task BeginAsync(HttpContext context)
    {
        if (!context.RequestServices.GetRequiredService<StudioFiles>().AreThere) return ShowAsync(context, "Workflows", null);
        context.Response.Redirect(Definitions);
        return Task.CompletedTask;
    }

    public static Task DefinitionsAsync(HttpContext context) => ShowAsync(context, "Workflows", Definitions);

    public static async Task DefinitionAsync(HttpContext context)
    {
        var state = await StandingPages.DefinitionAsync(context, IdOf(context));
        await ShowAsync(context, IdOf(context), Definitions, IdOf(context), new()
        {
            [nameof(StudioPage.Definition)] = state,
            [nameof(StudioPage.Unknown)] = state is null ? $"There is no workflow '{IdOf(context)}'." : null,
        }, state is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK);
    }

    public static Task InstancesAsync(HttpContext context) => ShowAsync(context, "Instances", Instances);

    public static Task InstanceAsync(HttpContext context) => ShowInstanceAsync(context, error: null);

    /// <summary>The page of an instance, with what went wrong.</summary>
    public static async Task ShowInstanceAsync(HttpContext context, string? error)
    {
        var state = await StandingPages.InstanceAsync(context, IdOf(context));
        await ShowAsync(context, $"Instance {IdOf(context)}", Instances, IdOf(context), new()
        {
            [nameof(StudioPage.Instance)] = state,
            [nameof(StudioPage.Unknown)] = state is null ? $"There is no instance '{IdOf(context)}'." : null,
            [nameof(StudioPage.Error)] = error,
        }, state is null ? StatusCodes.Status404NotFound : error is null ? StatusCodes.Status200OK : StatusCodes.Status409Conflict);
    }

    /// <summary>The document with one element, which the frame of a page asks for: <c>?definition=ID</c>, <c>?instance=ID</c>, <c>?show=instances</c>, and else the definitions.</summary>
    public static Task AppAsync(HttpContext context)
    {
        var query = context.Request.Query;
        StudioPolicy.LetFrame(context);
        var (element, attribute, id) = query["definition"] is [{ Length: > 0 } definition] ? (Editor, "definition-id", definition)
            : query["instance"] is [{ Length: > 0 } instance] ? (Viewer, "instance-id", instance)
            : (query["show"] == "instances" ? Runs : List, null, (string?)null);
        return Html.WriteAsync<StudioApp>(context, new()
        {
            [nameof(StudioApp.Token)] = Cookies.ApiToken(context, SiteOf(context)),
            [nameof(StudioApp.Element)] = element,
            [nameof(StudioApp.Attribute)] = attribute,
            [nameof(StudioApp.Id)] = id,
            [nameof(StudioApp.Lints)] = attribute == "definition-id" && SiteOf(context).Options.Elsa is null,
            [nameof(StudioApp.Steps)] = SiteOf(context).Runtime.Activities.Where(a => a.Step is not null).ToDictionary(a => ActivityDescriptors.WordsOf(a.Step!.Name), a => a.Step!.Name),
        });
    }

    public static Task ShowAsync(HttpContext context, string title, string? current, string? id = null, Dictionary<string, object?>? further = null, int status = StatusCodes.Status200OK)
    {
        further ??= [];
        var (site, caller) = (SiteOf(context), Caller.Of(context)!);
        var files = context.RequestServices.GetRequiredService<StudioFiles>();
        // Whatever was asked for, without Studio there is nothing to show it in.
        if (!files.AreThere) further.Remove(nameof(StudioPage.Unknown));
        context.Response.Headers.ContentSecurityPolicy = StudioPolicy.OfShell;
        return Html.WriteAsync<StudioPage>(context, new(further)
        {
            [nameof(StudioPage.Name)] = caller.Name,
            [nameof(StudioPage.IsLocal)] = caller.IsLocal,
            [nameof(StudioPage.Operates)] = Permissions.Of(caller.Role).Contains(Permission.Operate),
            [nameof(StudioPage.HasPromotions)] = site.Options.Promotions is not null,
            [nameof(StudioPage.Token)] = Cookies.Token(context, site),
            [nameof(StudioPage.Title)] = title,
            [nameof(StudioPage.Current)] = current,
            [nameof(StudioPage.Id)] = id,
            [nameof(StudioPage.Missing)] = files.AreThere ? null : files.Folder,
        }, files.AreThere ? status : StatusCodes.Status200OK);
    }

    public static string IdOf(HttpContext context) => $"{context.Request.RouteValues["id"]}";

    public static Site SiteOf(HttpContext context) => context.RequestServices.GetRequiredService<Site>();
}
