using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.Pages;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Promotions;

/// <summary><c>/promotions</c>: what waits for approval, what was promoted and what was refused; and one of them with all that somebody needs who approves or rejects it.</summary>
static class PromotionPages
{
    const int Shown = 50;

    public static async Task ListAsync(HttpContext context)
    {
        var (site, caller) = (SiteOf(context), Caller.Of(context)!);
        if (await PromotionApi.CounterAsync(context) is not { } counter) return;
        await Html.WriteAsync<PromotionsPage>(context, new()
        {
            [nameof(PromotionsPage.Name)] = caller.Name,
            [nameof(PromotionsPage.IsLocal)] = caller.IsLocal,
            [nameof(PromotionsPage.Token)] = Cookies.Token(context, site),
            [nameof(PromotionsPage.Promotions)] = await counter.ListAsync(context.RequestAborted),
            [nameof(PromotionsPage.Decisions)] = await context.RequestServices.GetRequiredService<GateDecisions>().NewestAsync(counter.Artifacts.Objects, Shown, context.RequestAborted),
        });
    }

    public static async Task ShowAsync(HttpContext context)
    {
        if (await PromotionApi.FindAsync(context) is var (counter, view)) await ShowAsync(context, counter, view, null, StatusCodes.Status200OK);
    }

    public static async Task ApproveAsync(HttpContext context)
    {
        if (await PromotionApi.FindAsync(context) is not var (counter, view)) return;
        var form = await Answers.ReadFormAsync(context, "a form with evidence, word and comment");
        var (status, error) = (StatusCodes.Status409Conflict, (string?)null);
        try
        {
            var body = new ApprovalBody(
                $"{form["word"]}" switch { "approve" => true, "reject" => false, var word => throw new ArgumentException($"'word' is '{Labeling.Texts.Short(word)}'; expected approve or reject.") },
                $"{form["evidence"]}")
            { Comment = form["comment"] };
            (view, error) = await counter.ApproveAsync(view, Caller.Of(context)!, body.Checked(), context.RequestAborted);
        }
        catch (ArgumentException e)
        {
            (status, error) = (StatusCodes.Status400BadRequest, e.Message);
        }
        if (error is not null)
        {
            await ShowAsync(context, counter, view, error, status);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = $"/promotions/{view.Name}";
    }

    static async Task ShowAsync(HttpContext context, PromotionCounter counter, PromotionView view, string? error, int status)
    {
        var (site, caller) = (SiteOf(context), Caller.Of(context)!);
        var request = view.Promotion?.Request;
        await Html.WriteAsync<PromotionPage>(context, new()
        {
            [nameof(PromotionPage.Name)] = caller.Name,
            [nameof(PromotionPage.IsLocal)] = caller.IsLocal,
            [nameof(PromotionPage.Token)] = Cookies.Token(context, site),
            [nameof(PromotionPage.Error)] = error,
            [nameof(PromotionPage.View)] = view,
            [nameof(PromotionPage.Objection)] = counter.Objection(view, caller),
            [nameof(PromotionPage.Decision)] = request is null ? null : await ReadableDecision.ReadAsync(counter.Artifacts, request.Decision, context.RequestAborted),
            [nameof(PromotionPage.MadeBy)] = request is null ? null : await MadeByAsync(counter, request, context.RequestAborted),
        }, status);
    }

    /// <summary>The steps that made the challenger, the nearest first; what only looked it up made nothing.</summary>
    static async Task<IReadOnlyList<StepRecord>> MadeByAsync(PromotionCounter counter, PromotionRequest request, CancellationToken cancellationToken) =>
        [.. (await Lineage.ReadAsync(counter.Artifacts.Objects, cancellationToken)).Upstream(request.Challenger).Select(s => s.Record).Where(r => r.Step != nameof(PreparePromotion))];

    static Site SiteOf(HttpContext context) => context.RequestServices.GetRequiredService<Site>();
}
