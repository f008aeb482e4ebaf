using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rlhf.Runtime;
using Rlhf.Server.Access;
using Rlhf.Server.Artifacts;
using Rlhf.Server.Elsa.Forwarding;
using Rlhf.Server.Elsa.Live;
using Rlhf.Server.Hooks;
using Rlhf.Server.Labeling;
using Rlhf.Server.OpenIdConnect;
using Rlhf.Server.Promotions;
using Rlhf.Server.Rounds;
using Rlhf.Server.Studio;

namespace Rlhf.Server.Hosting;

/// <summary>The pages and the REST API over one store, in the process that drives it or in any other.</summary>
public sealed class PagesServer : IAsyncDisposable
{
    /// <summary>The longest body of a request, in bytes.</summary>
    public const int LongestBody = 64 << 10;

    static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    readonly WebApplication _app;

    PagesServer(WebApplication app) => _app = app;

    /// <summary>The addresses that it listens on, with the ports that were taken.</summary>
    public IReadOnlyList<string> Addresses =>
        [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    /// <summary>What is served, for tests.</summary>
    internal IReadOnlyList<Endpoint> Endpoints => [.. ((IEndpointRouteBuilder)_app).DataSources.SelectMany(d => d.Endpoints)];

    /// <summary>Checks that it may listen there: beyond this machine only where somebody has a key, or an issuer is configured.</summary>
    /// <exception cref="ArgumentException">An address is none.</exception>
    /// <exception cref="InvalidOperationException">Others could come in, nobody has a key, and no issuer is configured.</exception>
    public static async Task CheckAsync(ServerOptions options, WorkflowRuntime runtime, CancellationToken cancellationToken)
    {
        ServerAddress.Check(options.Urls);
        if (options.OpenIdConnect is not null) return;
        if (options.Urls.FirstOrDefault(u => !ServerAddress.IsLoopback(u)) is { } open && !await runtime.Credentials.AnyValidKeyAsync(cancellationToken))
            throw new InvalidOperationException(
                $"'{open}' can be reached from other machines, and this store has no valid key; expected at least one (rlhf keys create NAME --role administrator), an issuer ({OidcOptions.IssuerVariable}), or a loopback address.");
    }

    /// <summary>Listens and serves until it is disposed of.</summary>
    /// <param name="log">Takes a line about what went wrong.</param>
    /// <exception cref="ArgumentException">An address is none.</exception>
    /// <exception cref="InvalidOperationException">Others could come in, nobody has a key, and no issuer is configured.</exception>
    /// <exception cref="IOException">An address is taken, or cannot be listened on.</exception>
    public static async Task<PagesServer> StartAsync(ServerOptions options, WorkflowRuntime runtime, TimeProvider time, Action<string> log, CancellationToken cancellationToken)
    {
        await CheckAsync(options, runtime, cancellationToken);
        var site = new Site(runtime, options, new GuidelinesFolder(options.GuidelinesFolders), time, options.Urls.All(ServerAddress.IsLoopback), log);
        await Rehearsal.PlayAsync(site, cancellationToken);
        var app = Build(site, options.Urls);
        try
        {
            await app.StartAsync(cancellationToken);
            return new(app);
        }
        catch (Exception e)
        {
            await app.DisposeAsync();
            if (e is not (IOException or System.Net.Sockets.SocketException)) throw;
            var urls = string.Join(", ", options.Urls);
            throw new IOException(e.InnerException is AddressInUseException || e is AddressInUseException
                ? $"{urls} is taken by another process; --urls names another address for the pages, --no-pages serves none."
                : $"{urls} cannot be listened on: {e.Message}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(Grace);
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
    }

    /// <summary>The whole pipeline, not started.</summary>
    /// <param name="first">A way to know the caller that is asked before the others.</param>
    internal static WebApplication Build(Site site, IReadOnlyList<string> urls, IIdentify? first = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        // What an Elsa server does not answer is said to who asks.
        builder.Logging.AddProvider(new LineLogger(site.Log)).SetMinimumLevel(LogLevel.Warning).AddFilter("Yarp", LogLevel.None);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LongestBody;
        });
        // Signals are the program's business, and it stops what it started.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(site).AddSingleton(site.Time).AddSingleton<Wakes>().AddSingleton<GateDecisions>().AddSingleton<StoreWatch>().AddSingleton<StoredRecords>().AddSingleton(new StudioFiles(site.Options.StudioFolder));
        builder.Services.AddRouting();
        LiveRoutes.AddServices(builder.Services);
        if (site.Options.Elsa is { } elsa) builder.Services.AddSingleton(elsa).AddSingleton<Forwarder>().AddHttpForwarder();
        builder.Services.AddRateLimiter(limits => Limits.Set(limits, site.Options));
        if (first is not null) builder.Services.AddSingleton(first);
        builder.Services.AddSingleton<IIdentify, CredentialIdentity>();
        if (site.Options.OpenIdConnect is { } issuer)
            builder.Services.AddSingleton(issuer).AddSingleton(_ => new Issuer(issuer, site.Time, site.Log)).AddSingleton<Tokens>().AddSingleton<People>().AddSingleton<CodeExchange>().AddSingleton<IIdentify, TokenIdentity>();
        builder.Services.AddSingleton<IIdentify, LocalIdentity>().AddSingleton<Gatekeeper>();
        var app = builder.Build();
        foreach (var url in urls) app.Urls.Add(url);
        app.Use(Failures.HandleAsync);
        app.Use(SecurityHeaders.AddAsync);
        app.UseWebSockets();
        app.UseRouting();
        app.Use(app.Services.GetRequiredService<Gatekeeper>().IdentifyAsync);
        app.UseRateLimiter();
        app.Use(Gatekeeper.AdmitAsync);
        RouteTable.Map(app, site.Options.Elsa is not null);
        return app;
    }

    sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
