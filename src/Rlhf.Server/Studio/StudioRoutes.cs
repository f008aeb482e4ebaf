using Microsoft.AspNetCore.Http;
using Rlhf.Server.Access;

namespace Rlhf.Server.Studio;

static class StudioRoutes
{
    public static IReadOnlyList<Route> All { get; } =
    [
        Page("/studio", StudioPages.BeginAsync),
        Page(StudioPages.Definitions, StudioPages.DefinitionsAsync),
        Page(StudioPages.Definitions + "/{id}", StudioPages.DefinitionAsync),
        Page(StudioPages.Instances, StudioPages.InstancesAsync),
        Page(StudioPages.Instances + "/{id}", StudioPages.InstanceAsync),
        new("GET", StudioPages.Definitions + "/{id}/standing", Permission.View, RouteTable.Workflows, StandingPages.OfDefinitionAsync),
        new("GET", StudioPages.Instances + "/{id}/standing", Permission.View, RouteTable.Workflows, StandingPages.OfInstanceAsync),
        new("POST", StudioPages.Instances + "/{id}/retries", Permission.Operate, RouteTable.Workflows, StandingPages.RetryAsync) { IsPage = true },
        new("POST", StudioPages.Instances + "/{id}/cancellations", Permission.Operate, RouteTable.Workflows, StandingPages.CancelAsync) { IsPage = true },
        new("POST", StudioPages.Instances + "/{id}/answers", Permission.Operate, RouteTable.Workflows, StandingPages.AnswerAsync) { IsPage = true },
        Page(StudioFiles.Prefix, StudioPages.AppAsync),
        new("GET", StudioFiles.Prefix + "{**path}", Permission.Anyone, RouteTable.Common, StudioFiles.GetAsync) { IsFile = true },
    ];

    static Route Page(string pattern, RequestDelegate handle) => new("GET", pattern, Permission.View, RouteTable.Workflows, handle) { IsPage = true };
}
