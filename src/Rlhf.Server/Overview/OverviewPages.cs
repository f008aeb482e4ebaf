using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime;
using Rlhf.Runtime.Labeling;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.Pages;
using Rlhf.Server.Promotions;
using Rlhf.Steps.Json;

namespace Rlhf.Server.Overview;

/// <summary><c>/</c>: what runs and what waits for people, to be read only.</summary>
static class OverviewPages
{
    const int Newest = 20, NewestDecisions = 5;

    public static Task HealthAsync(HttpContext context) => Answers.WriteAsync(context, new JsonObject { ["status"] = "ok" });

    public static async Task ShowAsync(HttpContext context)
    {
        var (site, caller) = (context.RequestServices.GetRequiredService<Site>(), Caller.Of(context)!);
        var (desk, instances) = await ReadAsync(site, context.RequestAborted);
        await Html.WriteAsync<OverviewPage>(context, new()
        {
            [nameof(OverviewPage.Name)] = caller.Name,
            [nameof(OverviewPage.IsLocal)] = caller.IsLocal,
            [nameof(OverviewPage.Labels)] = Permissions.Of(caller.Role).Contains(Permission.Label),
            [nameof(OverviewPage.Operates)] = Permissions.Of(caller.Role).Contains(Permission.Operate),
            [nameof(OverviewPage.Token)] = Cookies.Token(context, site),
            [nameof(OverviewPage.Desk)] = desk,
            [nameof(OverviewPage.Versions)] = desk.Qualifications.Select(q => q.Axis).Distinct().ToDictionary(axis => axis, site.Guidelines.VersionOf),
            [nameof(OverviewPage.Instances)] = instances,
            [nameof(OverviewPage.InStudio)] = site.Options.Elsa is null,
            [nameof(OverviewPage.Decisions)] = site.Options.Promotions is { } promotions
                ? await context.RequestServices.GetRequiredService<GateDecisions>().NewestAsync(promotions.Objects, NewestDecisions, context.RequestAborted)
                : null,
        });
    }

    public static async Task GetAsync(HttpContext context)
    {
        var (desk, instances) = await ReadAsync(context.RequestServices.GetRequiredService<Site>(), context.RequestAborted);
        await Answers.WriteAsync(context, new JsonObject
        {
            ["desk"] = CanonicalJson.ToNode(desk),
            ["instances"] = new JsonArray([.. instances.Select(i => new JsonObject
            {
                ["id"] = i.Id,
                ["definition"] = i.DefinitionId,
                ["status"] = i.Status.ToString(),
                ["createdAt"] = i.CreatedAt.ToString("O"),
            })]),
        });
    }

    static async Task<(DeskSummary Desk, IReadOnlyList<InstanceSummary> Instances)> ReadAsync(Site site, CancellationToken cancellationToken) =>
        (await site.Runtime.Queue.SummaryAsync(cancellationToken), await site.Runtime.ListAsync(new(Take: Newest), cancellationToken));
}
