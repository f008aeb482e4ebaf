using System.Net;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Rlhf.Runtime.Access;
using Rlhf.Server.Tests.Support;
using Route = Rlhf.Server.Access.Route;

namespace Rlhf.Server.Tests.Access;

/// <summary>Every route as every role and as nobody.</summary>
public sealed class RouteTests
{
    const string Nobody = "nobody";

    static readonly string[] Labelers = ["Labeler", "Operator", "Administrator"];
    static readonly string[] Seers = ["Viewer", "Operator", "Approver", "Administrator"];
    static readonly string[] Operators = ["Operator", "Administrator"];
    static readonly string[] Approvers = ["Approver", "Administrator"];
    static readonly string[] All = [Nobody, .. Enum.GetNames<Role>()];

    /// <summary>Who may what, said a second time: a route that is added or opened has to be added here, too.</summary>
    static readonly Dictionary<string, string[]> Expected = new()
    {
        ["GET /health"] = All,
        ["GET /assets/{name}"] = All,
        ["GET /sign-in"] = All,
        ["POST /sign-in"] = All,
        ["GET /sign-in/oidc"] = All,
        ["GET /sign-in/oidc/callback"] = All,
        ["POST /sign-out"] = All,
        ["GET /invitations/{secret}"] = All,
        ["POST /invitations/{secret}"] = All,
        ["POST /hooks/argilla"] = All,
        ["POST /hooks/label-studio"] = All,
        ["GET /label"] = Labelers,
        ["POST /api/labeling/assignments"] = Labelers,
        ["POST /api/labeling/answers"] = Labelers,
        ["POST /api/labeling/undo"] = Labelers,
        ["POST /api/labeling/skips"] = Labelers,
        ["POST /api/labeling/flags"] = Labelers,
        ["POST /api/labeling/acknowledgements"] = Labelers,
        ["GET /api/labeling/examples"] = Labelers,
        ["POST /api/labeling/qualifications"] = Labelers,
        ["GET /api/labeling/progress"] = Labelers,
        ["GET /disputed"] = Operators,
        ["POST /disputed"] = Operators,
        ["GET /api/labeling/disputed"] = Operators,
        ["POST /api/labeling/decisions"] = Operators,
        ["GET /promotions"] = Seers,
        ["GET /promotions/{id}"] = Seers,
        ["POST /promotions/{id}/approvals"] = Approvers,
        ["GET /decisions/{sha}"] = Seers,
        ["GET /artifacts/{kind}/{sha}"] = Seers,
        ["GET /artifacts/{kind}/{sha}/files/{**path}"] = Seers,
        ["POST /api/promotions"] = Operators,
        ["GET /api/promotions"] = Seers,
        ["GET /api/promotions/{id}"] = Seers,
        ["POST /api/promotions/{id}/approvals"] = Approvers,
        ["GET /elsa/api/workflow-definitions"] = Seers,
        ["GET /elsa/api/workflow-definitions/{definitionId}"] = Seers,
        ["GET /elsa/api/workflow-definitions/by-definition-id/{definitionId}"] = Seers,
        ["GET /elsa/api/workflow-definitions/by-id/{id}"] = Seers,
        ["GET /elsa/api/workflow-definitions/many-by-id"] = Seers,
        ["GET /elsa/api/workflow-definitions/query/count"] = Seers,
        ["GET /elsa/api/workflow-definitions/validation/is-name-unique"] = Seers,
        ["GET /elsa/api/workflow-definitions/{definitionId}/versions"] = Seers,
        ["GET /elsa/api/workflow-definitions/{definitionId}/consumers"] = Seers,
        ["GET /elsa/api/workflow-definitions/{definitionId}/findings"] = Seers,
        ["GET /elsa/api/workflow-definitions/subgraph/{id}"] = Seers,
        ["GET /elsa/api/workflow-definitions/subgraph/segments/{id}"] = Seers,
        ["GET /elsa/api/workflow-definitions/{definitionId}/export"] = Seers,
        ["POST /elsa/api/workflow-definitions/{definitionId}/export"] = Seers,
        ["GET /elsa/api/bulk-actions/export/workflow-definitions"] = Seers,
        ["POST /elsa/api/bulk-actions/export/workflow-definitions"] = Seers,
        ["POST /elsa/api/workflow-definitions"] = Operators,
        ["POST /elsa/api/workflow-definitions/import"] = Operators,
        ["PUT /elsa/api/workflow-definitions/import"] = Operators,
        ["POST /elsa/api/workflow-definitions/{definitionId}/import"] = Operators,
        ["PUT /elsa/api/workflow-definitions/{definitionId}/import"] = Operators,
        ["POST /elsa/api/workflow-definitions/import-files"] = Operators,
        ["POST /elsa/api/workflow-definitions/{definitionId}/publish"] = Operators,
        ["POST /elsa/api/workflow-definitions/{definitionId}/retract"] = Operators,
        ["POST /elsa/api/workflow-definitions/{definitionId}/revert/{version}"] = Operators,
        ["POST /elsa/api/workflow-definitions/{definitionId}/update-references"] = Operators,
        ["DELETE /elsa/api/workflow-definitions/{definitionId}"] = Operators,
        ["DELETE /elsa/api/workflow-definitions/{definitionId}/version/{version}"] = Operators,
        ["DELETE /elsa/api/workflow-definition-versions/{id}"] = Operators,
        ["POST /elsa/api/bulk-actions/publish/workflow-definitions/by-definition-ids"] = Operators,
        ["POST /elsa/api/bulk-actions/retract/workflow-definitions/by-definition-ids"] = Operators,
        ["POST /elsa/api/bulk-actions/delete/workflow-definitions/by-definition-id"] = Operators,
        ["POST /elsa/api/bulk-actions/delete/workflow-definitions/by-id"] = Operators,
        ["POST /elsa/api/actions/workflow-definitions/refresh"] = Operators,
        ["POST /elsa/api/actions/workflow-definitions/reload"] = Operators,
        ["GET /"] = Seers,
        ["GET /api/overview"] = Seers,
        ["GET /rounds"] = Seers,
        ["GET /rounds/{id}"] = Seers,
        ["GET /rounds/{id}/now"] = Seers,
        ["GET /rounds/{id}/figures/{file}"] = Seers,
        ["GET /rounds/{id}/report"] = Seers,
        ["GET /campaigns/{id}"] = Seers,
        ["GET /studio"] = Seers,
        ["GET /studio/definitions"] = Seers,
        ["GET /studio/definitions/{id}"] = Seers,
        ["GET /studio/instances"] = Seers,
        ["GET /studio/instances/{id}"] = Seers,
        ["GET /studio/definitions/{id}/standing"] = Seers,
        ["GET /studio/instances/{id}/standing"] = Seers,
        ["POST /studio/instances/{id}/retries"] = Operators,
        ["POST /studio/instances/{id}/cancellations"] = Operators,
        ["POST /studio/instances/{id}/answers"] = Operators,
        ["GET /studio/app/"] = Seers,
        ["GET /studio/app/{**path}"] = All,
        ["GET /elsa/api/workflow-instances"] = Seers,
        ["POST /elsa/api/workflow-instances"] = Seers,
        ["GET /elsa/api/workflow-instances/{id}"] = Seers,
        ["GET /elsa/api/workflow-instances/{id}/execution-state"] = Seers,
        ["GET /elsa/api/workflow-instances/{id}/journal"] = Seers,
        ["POST /elsa/api/workflow-instances/{id}/journal"] = Seers,
        ["GET /elsa/api/workflow-instances/{id}/journal/{activityId}"] = Seers,
        ["GET /elsa/api/workflow-instances/{id}/variables"] = Seers,
        ["POST /elsa/api/workflow-instances/{id}/variables"] = Operators,
        ["GET /elsa/api/workflow-instances/{id}/export"] = Seers,
        ["POST /elsa/api/workflow-instances/{id}/export"] = Seers,
        ["GET /elsa/api/bulk-actions/export/workflow-instances"] = Seers,
        ["POST /elsa/api/bulk-actions/export/workflow-instances"] = Seers,
        ["POST /elsa/api/bulk-actions/import/workflow-instances"] = Operators,
        ["DELETE /elsa/api/workflow-instances/{id}"] = Operators,
        ["POST /elsa/api/bulk-actions/delete/workflow-instances"] = Operators,
        ["POST /elsa/api/bulk-actions/delete/workflow-instances/by-id"] = Operators,
        ["POST /elsa/api/cancel/workflow-instances/{id}"] = Operators,
        ["POST /elsa/api/bulk-actions/cancel/workflow-instances"] = Operators,
        ["POST /elsa/api/alterations/workflows/retry"] = Operators,
        ["POST /elsa/api/alterations/run"] = Operators,
        ["POST /elsa/api/alterations/submit"] = Operators,
        ["POST /elsa/api/alterations/dry-run"] = Seers,
        ["POST /elsa/api/events/{eventName}/trigger"] = Operators,
        ["POST /elsa/api/tasks/{taskId}/complete"] = Operators,
        ["GET /elsa/api/activity-executions/list"] = Seers,
        ["GET /elsa/api/activity-executions/count"] = Seers,
        ["GET /elsa/api/activity-executions/by-id"] = Seers,
        ["GET /elsa/api/activity-executions/{id}"] = Seers,
        ["POST /elsa/api/activity-executions/report"] = Seers,
        ["GET /elsa/api/activity-execution-summaries/list"] = Seers,
        ["GET /elsa/api/resilience/retries/{id}"] = Seers,
        ["GET /elsa/api/workflow-definitions/{id}/execute"] = Operators,
        ["POST /elsa/api/workflow-definitions/{id}/execute"] = Operators,
        ["POST /elsa/api/workflow-definitions/{id}/dispatch"] = Operators,
        ["POST /elsa/api/workflow-definitions/{id}/bulk-dispatch"] = Operators,
        ["GET /elsa/api/descriptors/activities"] = Seers,
        ["GET /elsa/api/descriptors/activities/{typeName}"] = Seers,
        ["GET /elsa/api/descriptors/expression-descriptors"] = Seers,
        ["GET /elsa/api/descriptors/variables"] = Seers,
        ["GET /elsa/api/descriptors/storage-drivers"] = Seers,
        ["GET /elsa/api/descriptors/incident-strategies"] = Seers,
        ["GET /elsa/api/descriptors/workflow-activation-strategies"] = Seers,
        ["GET /elsa/api/descriptors/log-persistence-strategies"] = Seers,
        ["GET /elsa/api/descriptors/commit-strategies/workflows"] = Seers,
        ["GET /elsa/api/descriptors/commit-strategies/activities"] = Seers,
        ["GET /elsa/api/features/installed"] = Seers,
        ["GET /elsa/api/features/installed/{fullName}"] = Seers,
        ["GET /elsa/api/resilience/strategies"] = Seers,
        ["POST /elsa/api/descriptors/activities/{typeName}/options/{propertyName}"] = Seers,
        ["GET /elsa/api/package/version"] = All,
        ["POST /elsa/api/identity/login"] = All,
        ["POST /elsa/api/identity/refresh-token"] = All,
        ["POST /elsa/api/scripting/javascript/type-definitions/{id}"] = Seers,
        ["POST /elsa/api/tests/activities"] = Operators,
        ["POST /elsa/hubs/workflow-instance/negotiate"] = Seers,
        ["GET /elsa/hubs/workflow-instance"] = Seers,
        ["POST /elsa/hubs/workflow-instance"] = Seers,
        ["DELETE /elsa/hubs/workflow-instance"] = Seers,
    };

    [Fact]
    public async Task Every_route_lets_in_whom_the_table_names_and_nobody_else()
    {
        await using var place = await Place.OpenAsync();
        var keys = new Dictionary<string, string?> { [Nobody] = null };
        foreach (var role in Enum.GetValues<Role>()) keys[$"{role}"] = await place.KeyAsync($"the {role}", role);
        var served = place.Server.Endpoints.Cast<RouteEndpoint>()
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => (Method: m, Pattern: e.RoutePattern.RawText!, Route: e.Metadata.GetMetadata<Route>()))).ToList();

        Assert.Equal(Expected.Keys.Order(StringComparer.Ordinal), served.Select(s => $"{s.Method} {s.Pattern}").Order(StringComparer.Ordinal));
        foreach (var (method, pattern, route) in served)
        {
            Assert.NotNull(route);
            foreach (var (role, key) in keys)
            {
                var path = pattern.Replace("{name}", "pages.css", StringComparison.Ordinal).Replace("{secret}", "none", StringComparison.Ordinal)
                    .Replace("{id}", "0123456789abcdef", StringComparison.Ordinal).Replace("{sha}", new('0', 64), StringComparison.Ordinal)
                    .Replace("{**path}", "none.js", StringComparison.Ordinal);
                using var request = new HttpRequestMessage(new(method), path);
                if (method == "POST") request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
                if (key is not null) request.Headers.Authorization = new("Bearer", key);
                using var response = await place.RawAsync(request);
                var isRefused = response.StatusCode == HttpStatusCode.Forbidden
                    || (response.StatusCode == HttpStatusCode.Unauthorized && pattern != "/sign-in")
                    || (response.StatusCode == HttpStatusCode.Redirect && response.Headers.Location!.OriginalString.Split('?')[0] is "/sign-in" or "/label");
                Assert.True(Expected[$"{method} {pattern}"].Contains(role) != isRefused, $"{method} {pattern} as {role}: {response.StatusCode}");
                Assert.True((int)response.StatusCode < 500, $"{method} {pattern} as {role}: {response.StatusCode}");
                Assert.Contains("script-src 'self'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
                // Studio's own document alone may do more, and only for who may see it.
                if (pattern != "/studio/app/" || isRefused) Assert.DoesNotContain("unsafe", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
                Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            }
        }
    }

    [Fact]
    public async Task What_is_no_route_is_not_there_and_another_method_is_not_allowed()
    {
        await using var place = await Place.OpenAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await place.SendAsync("GET", "/nowhere")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await place.SendAsync("GET", "/assets/../appsettings.json")).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await place.SendAsync("DELETE", "/label")).Status);
    }

    [Fact]
    public async Task The_pages_modules_are_found_by_their_versions_so_that_a_browser_may_keep_each()
    {
        await using var place = await Place.OpenAsync();
        var page = await place.SendAsync("GET", "/label", await place.KeyAsync("ann"));
        var found = new HashSet<string>();
        var open = new Queue<string>(Addresses(page.Text, "src=\"(/assets/[^\"]+\\.js[^\"]*)\""));

        while (open.TryDequeue(out var address))
        {
            if (!found.Add(address)) continue;
            using var response = await place.RawAsync(new(HttpMethod.Get, address));
            Assert.Equal((HttpStatusCode.OK, "text/javascript"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
            Assert.Contains("immutable", response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
            foreach (var import in Addresses(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), "from '\\./([^']+)'")) open.Enqueue($"/assets/{import}");
        }

        Assert.Equal(["/assets/label.js", "/assets/outbox.js", "/assets/view.js"], found.Select(a => a.Split("?v=")[0]).Order(StringComparer.Ordinal));

        static IEnumerable<string> Addresses(string text, string pattern) => System.Text.RegularExpressions.Regex.Matches(text, pattern).Select(m => m.Groups[1].Value);
    }

    [Fact]
    public async Task A_key_for_one_area_opens_no_other()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olaf", Role.Operator, "labeling");

        Assert.Equal(HttpStatusCode.OK, (await place.SendAsync("GET", "/api/labeling/progress", key)).Status);
        var other = await place.SendAsync("GET", "/api/overview", key);
        Assert.Equal((HttpStatusCode.Forbidden, "olaf is operator for labeling and may not do this."), (other.Status, other.Error));
    }
}
