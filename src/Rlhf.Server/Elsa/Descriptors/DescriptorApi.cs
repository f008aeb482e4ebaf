using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa.Descriptors;

/// <summary>What Studio asks to show activities and their editors.</summary>
static class DescriptorApi
{
    /// <summary>Elsa's version of an activity type; that of a step's contract is another thing, and is in its description.</summary>
    const int TheOnlyVersion = 1;

    public static async Task ActivitiesAsync(HttpContext context)
    {
        var site = context.RequestServices.GetRequiredService<Site>();
        var choices = await StepChoices.ReadAsync(site, context.RequestAborted);
        await Replies.ListAsync(context, new ActivityDescriptors(choices.For).All(site.Runtime.Activities));
    }

    public static async Task ActivityAsync(HttpContext context)
    {
        var site = context.RequestServices.GetRequiredService<Site>();
        if (site.Runtime.Activities.FirstOrDefault(a => a.Name == Replies.Part(context, "typeName")) is not { } type
            || Fields.OfQuery(context).Number("version", 0, int.MaxValue) is { } version and not TheOnlyVersion)
        {
            await Replies.NotFoundAsync(context);
            return;
        }
        var choices = await StepChoices.ReadAsync(site, context.RequestAborted);
        await Replies.WriteAsync(context, new ActivityDescriptors(choices.For).One(type));
    }

    /// <summary>What one input may be chosen from right now.</summary>
    public static async Task OptionsAsync(HttpContext context)
    {
        var site = context.RequestServices.GetRequiredService<Site>();
        await Fields.ReadAsync(context);
        var (typeName, property) = (Replies.Part(context, "typeName"), Replies.Part(context, "propertyName"));
        var choices = await StepChoices.ReadAsync(site, context.RequestAborted);
        var input = site.Runtime.Activities.FirstOrDefault(a => a.Name == typeName) is not { } type ? null
            : new ActivityDescriptors(choices.For).One(type)["inputs"]!.AsArray().FirstOrDefault(i => string.Equals($"{i!["name"]}", property, StringComparison.OrdinalIgnoreCase));
        if (input is null) await Replies.NotFoundAsync(context);
        else await Replies.WriteAsync(context, new JsonObject { ["items"] = input["uiSpecifications"]!.DeepClone() });
    }

    /// <summary>An activity alone cannot be tried: what it is given comes from a run.</summary>
    public static async Task TestAsync(HttpContext context)
    {
        await Fields.ReadAsync(context);
        await ElsaErrors.WriteAsync(
            context, StatusCodes.Status400BadRequest, "This runtime runs no activity alone; expected a run of the workflow, whose journal shows what each activity was given and gave.");
    }
}
