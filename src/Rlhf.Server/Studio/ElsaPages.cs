using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Elsa.Forwarding;
using Rlhf.Server.Hosting;
using Rlhf.Server.Rounds;

namespace Rlhf.Server.Studio;

/// <summary>The pages around Studio's elements where the workflows are those of an Elsa server: what they say of a workflow is what that server says.</summary>
static class ElsaPages
{
    public static Task DefinitionsAsync(HttpContext context) => ShowAsync(context, "Workflows", StudioPages.Definitions, "/package/version");

    public static Task InstancesAsync(HttpContext context) => ShowAsync(context, "Instances", StudioPages.Instances, "/package/version");

    public static Task DefinitionAsync(HttpContext context)
    {
        var id = StudioPages.IdOf(context);
        return ShowAsync(context, id, StudioPages.Definitions, $"/workflow-definitions/by-definition-id/{Uri.EscapeDataString(id)}?versionOptions=Latest", id, $"There is no workflow '{id}' in the Elsa server.");
    }

    public static async Task InstanceAsync(HttpContext context)
    {
        var id = StudioPages.IdOf(context);
        var ran = await StudioPages.SiteOf(context).Runtime.FindAsync(id) is not null;
        await ShowAsync(
            context, $"Instance {id}", StudioPages.Instances, $"/workflow-instances/{Uri.EscapeDataString(id)}", id,
            ran ? $"Instance '{id}' is none of the Elsa server's: this store's own engine runs it." : $"There is no instance '{id}' in the Elsa server.", ran ? RoundPages.At(id) : null);
    }

    /// <summary>What this runtime's instances have and those of an Elsa server have not.</summary>
    public static Task NotHereAsync(HttpContext context) => Answers.ErrorAsync(
        context, StatusCodes.Status404NotFound, $"Workflows and instances here are those of the Elsa server {context.RequestServices.GetRequiredService<ElsaServer>()}; expected what its API has.");

    /// <param name="asked">What the server must have for this page, below its API.</param>
    /// <param name="elsewhere">Where to look for it when the server has it not.</param>
    static async Task ShowAsync(HttpContext context, string title, string current, string asked, string? id = null, string? missing = null, string? elsewhere = null)
    {
        var forwarder = context.RequestServices.GetRequiredService<Forwarder>();
        var (status, trouble) = (StatusCodes.Status200OK, (string?)null);
        try
        {
            if (await forwarder.FindAsync(asked, context.RequestAborted) is null) (status, trouble) = (StatusCodes.Status404NotFound, missing ?? $"{forwarder.Server} is no API of an Elsa server.");
        }
        catch (IOException e)
        {
            (status, trouble) = (StatusCodes.Status502BadGateway, e.Message);
        }
        await StudioPages.ShowAsync(context, title, current, id, new()
        {
            [nameof(StudioPage.Server)] = forwarder.Server,
            [nameof(StudioPage.Unknown)] = trouble,
            [nameof(StudioPage.Elsewhere)] = status == StatusCodes.Status404NotFound ? elsewhere : null,
        }, status);
    }
}
