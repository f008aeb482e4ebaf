using Rlhf.Server.Access;

namespace Rlhf.Server.Studio;

static class StudioRoutes
{
    public static IReadOnlyList<Route> All { get; } = [];
}
