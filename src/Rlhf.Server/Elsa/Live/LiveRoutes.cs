using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Access;
using Rlhf.Server.Elsa.Forwarding;
using Route = Rlhf.Server.Access.Route;

namespace Rlhf.Server.Elsa.Live;

/// <summary>The hub's endpoints as routes like every other.</summary>
static class LiveRoutes
{
    public const string Hub = $"{ElsaApi.Hubs}/workflow-instance";

    public static IReadOnlyList<Route> All { get; } =
    [
        Of("POST", $"{Hub}/negotiate", endpoints => endpoints.NegotiateAsync),
        Of("GET", Hub, endpoints => endpoints.ConnectAsync),
        Of("POST", Hub, endpoints => endpoints.ConnectAsync),
        Of("DELETE", Hub, endpoints => endpoints.ConnectAsync),
    ];

    public static void AddServices(IServiceCollection services)
    {
        services.AddSignalR();
        services.AddSingleton<LiveInstances>().AddSingleton<HubEndpoints>();
    }

    static Route Of(string method, string pattern, Func<HubEndpoints, RequestDelegate> handle) =>
        new(method, pattern, Permission.View, RouteTable.Workflows, context => handle(context.RequestServices.GetRequiredService<HubEndpoints>())(context)) { InElsa = Forwarder.To(pattern) };
}

/// <summary>What ASP.NET would map for the hub, outside its own routing, so that the table of routes stays the one list of what is served.</summary>
sealed class HubEndpoints(IServiceProvider services)
{
    readonly (RequestDelegate Negotiate, RequestDelegate Connect)
        _all = Map(services, HttpTransports.All), _withoutWebSockets = Map(services, HttpTransports.All & ~HttpTransportType.WebSockets);

    /// <summary>A browser's WebSocket cannot bring a key in a header: who has one is not offered what would fail.</summary>
    public Task NegotiateAsync(HttpContext context) => (CredentialIdentity.HasKey(context) ? _withoutWebSockets : _all).Negotiate(context);

    public Task ConnectAsync(HttpContext context) => _all.Connect(context);

    static (RequestDelegate Negotiate, RequestDelegate Connect) Map(IServiceProvider services, HttpTransportType transports)
    {
        var map = new Endpoints(services);
        map.MapHub<InstanceHub>(LiveRoutes.Hub, options => options.Transports = transports);
        var endpoints = map.DataSources.SelectMany(d => d.Endpoints).Cast<RouteEndpoint>().ToList();
        RequestDelegate Of(bool negotiates) => endpoints.Single(e => e.RoutePattern.RawText!.EndsWith("/negotiate", StringComparison.Ordinal) == negotiates).RequestDelegate!;
        return (Of(true), Of(false));
    }

    sealed class Endpoints(IServiceProvider services) : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider => services;

        public ICollection<EndpointDataSource> DataSources { get; } = [];

        public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(services);
    }
}
