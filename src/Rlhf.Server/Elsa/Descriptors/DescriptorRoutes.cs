using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Server.Access;

namespace Rlhf.Server.Elsa.Descriptors;

static class DescriptorRoutes
{
    public static IReadOnlyList<Route> All { get; } =
    [
        Get("/descriptors/activities", DescriptorApi.ActivitiesAsync),
        Get("/descriptors/activities/{typeName}", DescriptorApi.ActivityAsync),
        ElsaApi.Route("POST", "/descriptors/activities/{typeName}/options/{propertyName}", Permission.View, DescriptorApi.OptionsAsync),
        Get("/descriptors/expression-descriptors", Listed(() => Lists.Expressions)),
        Get("/descriptors/variables", Listed(() => Lists.Variables)),
        Get("/descriptors/storage-drivers", Listed(() => Lists.StorageDrivers)),
        Get("/descriptors/incident-strategies", Listed(() => Lists.Incidents)),
        Get("/descriptors/workflow-activation-strategies", Listed(() => Lists.Activations)),
        Get("/descriptors/log-persistence-strategies", Listed(() => Lists.LogPersistence)),
        Get("/descriptors/commit-strategies/workflows", Listed(() => Lists.WorkflowCommits)),
        Get("/descriptors/commit-strategies/activities", Listed(() => Lists.ActivityCommits)),
        Get("/features/installed", Features.ListAsync),
        Get("/features/installed/{fullName}", Features.GetAsync),
        ElsaApi.Route("GET", "/package/version", Permission.Anyone, Features.VersionAsync),
        ElsaApi.Route("POST", "/identity/login", Permission.Anyone, IdentityApi.LoginAsync) with { Area = RouteTable.Common, IsAttempt = true, InElsa = null },
        ElsaApi.Route("POST", "/identity/refresh-token", Permission.Anyone, IdentityApi.RefreshAsync) with { Area = RouteTable.Common, InElsa = null },
        // Each step has a retry policy of its own, which nobody chooses.
        Get("/resilience/strategies", Listed(() => [])),
        ElsaApi.Route("POST", "/scripting/javascript/type-definitions/{id}", Permission.View, ScriptTypes.PostAsync),
        ElsaApi.Route("POST", "/tests/activities", Permission.Operate, DescriptorApi.TestAsync),
    ];

    static Route Get(string pattern, RequestDelegate handle) => ElsaApi.Route("GET", pattern, Permission.View, handle);

    static RequestDelegate Listed(Func<IEnumerable<JsonNode>> items) => context => Replies.ListAsync(context, items());
}
