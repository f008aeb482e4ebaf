using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rlhf.Runtime;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.Labeling;
using Rlhf.Server.OpenIdConnect;
using Rlhf.Steps.Scoring;

namespace Rlhf.Server.Scoring;

/// <summary>Reward models over HTTP: scores for this product's own trainer and for others, with the keys of one store.</summary>
public sealed class ScoringServer : IAsyncDisposable
{
    /// <summary>How long requests under way are given to end when it stops.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    readonly WebApplication _app;

    ScoringServer(WebApplication app) => _app = app;

    /// <summary>The addresses that it listens on, with the ports that were taken.</summary>
    public IReadOnlyList<string> Addresses => [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    /// <summary>What is served, for tests.</summary>
    internal IReadOnlyList<Endpoint> Endpoints => [.. ((IEndpointRouteBuilder)_app).DataSources.SelectMany(d => d.Endpoints)];

    /// <summary>Listens and serves until it is disposed of. Beyond this machine only where somebody has a key, or an issuer is configured.</summary>
    /// <param name="serving">The models; they stay the caller's.</param>
    /// <param name="runtime">The store whose keys open it.</param>
    /// <param name="issuer">Whose tokens open it, too; null for none.</param>
    /// <param name="meter">Name of the meter whose instruments it shows.</param>
    /// <param name="log">Takes a line about what went wrong.</param>
    /// <exception cref="ArgumentException">An address is none.</exception>
    /// <exception cref="InvalidOperationException">Others could come in, nobody has a key, and no issuer is configured.</exception>
    /// <exception cref="IOException">An address is taken, or cannot be listened on.</exception>
    public static async Task<ScoringServer> StartAsync(
        ScoringOptions options, IRewardServing serving, WorkflowRuntime runtime, OidcOptions? issuer, string meter, TimeProvider time, Action<string> log, CancellationToken cancellationToken)
    {
        var access = new ServerOptions(options.Urls, options.LocalName, []) { OpenIdConnect = issuer };
        await PagesServer.CheckAsync(access, runtime, cancellationToken);
        var site = new Site(runtime, access, new GuidelinesFolder([]), time, options.Urls.All(ServerAddress.IsLoopback), log);
        var app = Build(site, options, serving, meter);
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
                ? $"{urls} is taken by another process; --port or --urls names another address." : $"{urls} cannot be listened on: {e.Message}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(Grace);
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
    }

    static WebApplication Build(Site site, ScoringOptions options, IRewardServing serving, string meter)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.AddProvider(new LineLogger(site.Log)).SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.LongestBody;
        });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(site).AddSingleton(site.Time).AddSingleton(options).AddSingleton(serving).AddSingleton<IErrorForm, Problems>().AddSingleton(_ => new ScoringMetrics(meter));
        builder.Services.AddRouting();
        builder.Services.AddOpenApi(document => document.AddDocumentTransformer((about, _, _) =>
        {
            about.Info = new() { Title = "Reward models", Version = "1", Description = "Scores of completions. An answer holds a finite number for every text, or there is none." };
            return Task.CompletedTask;
        }));
        AddIdentities(builder.Services, site);
        var app = builder.Build();
        foreach (var url in options.Urls) app.Urls.Add(url);
        app.Use(Failures.HandleAsync);
        app.Use(ScoringFailures.HandleAsync);
        app.UseRouting();
        app.Use(app.Services.GetRequiredService<Gatekeeper>().IdentifyAsync);
        app.Use(Gatekeeper.AdmitAsync);
        ScoringRoutes.Map(app, options);
        // Now, so that what happens before the first look at it is counted, too.
        app.Services.GetRequiredService<ScoringMetrics>();
        return app;
    }

    static void AddIdentities(IServiceCollection services, Site site)
    {
        services.AddSingleton<IIdentify>(_ => new RememberedIdentity(new CredentialIdentity(site), site.Time));
        if (site.Options.OpenIdConnect is { } issuer)
            services.AddSingleton(issuer).AddSingleton(_ => new Issuer(issuer, site.Time, site.Log)).AddSingleton<Tokens>().AddSingleton<People>().AddSingleton<TokenIdentity>()
                .AddSingleton<IIdentify>(found => new RememberedIdentity(found.GetRequiredService<TokenIdentity>(), site.Time));
        services.AddSingleton<IIdentify>(_ => new RememberedIdentity(new LocalIdentity(site), site.Time)).AddSingleton<Gatekeeper>();
    }

    sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
