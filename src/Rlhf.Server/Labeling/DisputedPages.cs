using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.Pages;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Server.Labeling;

/// <summary><c>/disputed</c>: what labelers do not agree on, side by side with what they said, and the decision of somebody who is none of them.</summary>
static class DisputedPages
{
    const int Shown = 20;

    public static Task ShowAsync(HttpContext context) => ShowAsync(context, null, StatusCodes.Status200OK);

    public static async Task DecideAsync(HttpContext context)
    {
        var form = await Answers.ReadFormAsync(context, "a form with item, choice and comment");
        try
        {
            await DecideAsync(context, new($"{form["item"]}", $"{form["choice"]}") { Comment = form["comment"] });
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            await ShowAsync(context, e.Message, e is ArgumentException ? StatusCodes.Status400BadRequest : StatusCodes.Status409Conflict);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = "/disputed";
    }

    public static async Task GetAsync(HttpContext context)
    {
        var disputed = await SiteOf(context).Runtime.Queue.DisputedAsync(Shown, context.RequestAborted);
        await Answers.WriteAsync(context, new JsonArray([.. disputed.Select(d => new JsonObject
        {
            ["item"] = d.Item,
            ["axis"] = d.Question.Axis,
            ["prompt"] = CanonicalJson.ToNode(d.Question.Prompt),
            ["a"] = d.Question.A,
            ["b"] = d.Question.B,
            ["answers"] = new JsonArray([.. d.Answers.Select(a => new JsonObject { ["labeler"] = a.Labeler, ["choice"] = a.Choice.Text(), ["comment"] = a.Comment })]),
        })]));
    }

    public static async Task PostAsync(HttpContext context)
    {
        var body = await Answers.ReadAsync<DecisionBody>(context);
        await DecideAsync(context, body);
        await Answers.WriteAsync(context, new JsonObject { ["item"] = body.Item, ["choice"] = body.Choice });
    }

    static async Task DecideAsync(HttpContext context, DecisionBody body)
    {
        var (item, choice, comment) = body.Checked();
        await SiteOf(context).Runtime.Queue.AdjudicateAsync(Caller.Of(context)!.Name, item, choice, comment, context.RequestAborted);
    }

    static async Task ShowAsync(HttpContext context, string? error, int status)
    {
        var (site, caller) = (SiteOf(context), Caller.Of(context)!);
        await Html.WriteAsync<DisputedPage>(context, new()
        {
            [nameof(DisputedPage.Name)] = caller.Name,
            [nameof(DisputedPage.IsLocal)] = caller.IsLocal,
            [nameof(DisputedPage.Token)] = Cookies.Token(context, site),
            [nameof(DisputedPage.Error)] = error,
            [nameof(DisputedPage.Count)] = await site.Runtime.Queue.CountDisputedAsync(context.RequestAborted),
            [nameof(DisputedPage.Disputed)] = await site.Runtime.Queue.DisputedAsync(Shown, context.RequestAborted),
        }, status);
    }

    static Site SiteOf(HttpContext context) => context.RequestServices.GetRequiredService<Site>();
}
