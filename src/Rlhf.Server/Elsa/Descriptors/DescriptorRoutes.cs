using Rlhf.Server.Access;

namespace Rlhf.Server.Elsa.Descriptors;

static class DescriptorRoutes
{
    public static IReadOnlyList<Route> All { get; } = [];
}
