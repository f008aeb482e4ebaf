using Rlhf.Server.Access;

namespace Rlhf.Server.Elsa.Instances;

static class InstanceRoutes
{
    public static IReadOnlyList<Route> All { get; } = [];
}
