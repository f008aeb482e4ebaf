using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.Pages;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Server.Promotions;

/// <summary><c>/decisions/sha256</c>: what the gate decided and why, whatever it was.</summary>
static class DecisionPages
{
    /// <summary>The kind of these artifacts.</summary>
    public const string Kind = "decision";

    public static async Task ShowAsync(HttpContext context)
    {
        if (await PromotionApi.CounterAsync(context) is not { } counter) return;
        var (site, caller, sha) = (context.RequestServices.GetRequiredService<Site>(), Caller.Of(context)!, $"{context.Request.RouteValues["sha"]}");
        ReadableDecision decision;
        try
        {
            decision = await ReadableDecision.ReadAsync(counter.Artifacts, ArtifactRef.Parse($"{Kind}/{sha}"), context.RequestAborted);
        }
        catch (Exception e) when (e is ArgumentException or ArtifactNotFoundException)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, $"There is no decision '{Labeling.Texts.Short(sha)}' in this store.");
            return;
        }
        await Html.WriteAsync<DecisionPage>(context, new()
        {
            [nameof(DecisionPage.Name)] = caller.Name,
            [nameof(DecisionPage.IsLocal)] = caller.IsLocal,
            [nameof(DecisionPage.Token)] = Cookies.Token(context, site),
            [nameof(DecisionPage.Decision)] = decision,
        });
    }
}
