using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.Pages;
using Rlhf.Steps.Labeling;

namespace Rlhf.Server.Labeling;

/// <summary><c>/label</c>: guidelines and an empty question, which the page's module fills.</summary>
static class LabelingPages
{
    public static async Task ShowAsync(HttpContext context)
    {
        var site = context.RequestServices.GetRequiredService<Site>();
        var caller = Caller.Of(context)!;
        var axes = await site.Runtime.Queue.AxesAsync(caller.Name, context.RequestAborted);
        var shown = new List<ShownGuidelines>();
        foreach (var axis in axes.Count > 0 ? axes : [JudgementLine.DefaultAxis])
        {
            if (site.Guidelines.Find(axis) is not { } guidelines) continue;
            shown.Add(new(
                guidelines, await site.Runtime.Queue.HasAcknowledgedAsync(caller.Name, axis, guidelines.Version.Version, context.RequestAborted),
                await LabelingApi.IsQualifiedAsync(site, caller.Name, guidelines, context.RequestAborted)));
        }
        await Html.WriteAsync<LabelPage>(context, new()
        {
            [nameof(LabelPage.Labeler)] = caller.Name,
            [nameof(LabelPage.IsLocal)] = caller.IsLocal,
            [nameof(LabelPage.SeesOverview)] = Permissions.Of(caller.Role).Contains(Permission.View),
            [nameof(LabelPage.Token)] = Cookies.Token(context, site),
            [nameof(LabelPage.Guidelines)] = shown,
        });
    }
}

/// <summary>Guidelines of an axis on the page.</summary>
/// <param name="IsRead">True where this labeler has acknowledged this version.</param>
/// <param name="IsQualified">True where this labeler has answered its examples well enough, or it has none.</param>
public sealed record ShownGuidelines(ReadableGuidelines Text, bool IsRead, bool IsQualified);
