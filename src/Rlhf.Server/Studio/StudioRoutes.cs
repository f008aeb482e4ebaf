using Microsoft.AspNetCore.Http;
using Rlhf.Server.Access;

namespace Rlhf.Server.Studio;

static class StudioRoutes
{
    public static IReadOnlyList<Route> All { get; } =
    [
        Page("/studio", StudioPages.BeginAsync),
        Page(StudioPages.Definitions, StudioPages.DefinitionsAsync) with { InElsa = ElsaPages.DefinitionsAsync },
        Page(StudioPages.Definitions + "/{id}", StudioPages.DefinitionAsync) with { InElsa = ElsaPages.DefinitionAsync },
        Page(StudioPages.Instances, StudioPages.InstancesAsync) with { InElsa = ElsaPages.InstancesAsync },
        Page(StudioPages.Instances + "/{id}", StudioPages.InstanceAsync) with { InElsa = ElsaPages.InstanceAsync },
        new("GET", StudioPages.Definitions + "/{id}/standing", Permission.View, RouteTable.Workflows, StandingPages.OfDefinitionAsync) { InElsa = ElsaPages.NotHereAsync },
        new("GET", StudioPages.Instances + "/{id}/standing", Permission.View, RouteTable.Workflows, StandingPages.OfInstanceAsync) { InElsa = ElsaPages.NotHereAsync },
        new("POST", StudioPages.Instances + "/{id}/retries", Permission.Operate, RouteTable.Workflows, StandingPages.RetryAsync) { IsPage = true, InElsa = ElsaPages.NotHereAsync },
        new("POST", StudioPages.Instances + "/{id}/cancellations", Permission.Operate, RouteTable.Workflows, StandingPages.CancelAsync) { IsPage = true, InElsa = ElsaPages.NotHereAsync },
        new("POST", StudioPages.Instances + "/{id}/answers", Permission.Operate, RouteTable.Workflows, StandingPages.AnswerAsync) { IsPage = true, InElsa = ElsaPages.NotHereAsync },
        Page(StudioFiles.Prefix, StudioPages.AppAsync),
        new("GET", StudioFiles.Prefix + "{**path}", Permission.Anyone, RouteTable.Common, StudioFiles.GetAsync) { IsFile = true },
    ];

    static Route Page(string pattern, RequestDelegate handle) => new("GET", pattern, Permission.View, RouteTable.Workflows, handle) { IsPage = true };
}
