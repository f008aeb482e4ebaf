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
        Page(StudioFiles.Prefix, StudioPages.AppAsync),
        new("GET", StudioFiles.Prefix + "{**path}", Permission.Anyone, RouteTable.Common, StudioFiles.GetAsync) { IsFile = true },
    ];

    static Route Page(string pattern, RequestDelegate handle) => new("GET", pattern, Permission.View, RouteTable.Workflows, handle) { IsPage = true };
}
