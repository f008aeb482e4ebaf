using Rlhf.Server.Access;

namespace Rlhf.Server.Elsa.Definitions;

static class DefinitionRoutes
{
    public static IReadOnlyList<Route> All { get; } = [];
}
