using Elsa.Alterations.Extensions;
using Elsa.Common.RecurringTasks;
using Elsa.Extensions;
using Elsa.Features.Services;
using Elsa.Persistence.EFCore.Extensions;
using Elsa.Persistence.EFCore.Modules.Alterations;
using Elsa.Persistence.EFCore.Modules.Management;
using Elsa.Persistence.EFCore.Modules.Runtime;
using Elsa.Scheduling;
using Elsa.Scheduling.Services;
using Elsa.Workflows.CommitStates.Strategies;
using Elsa.Workflows.Runtime;
using Elsa.Workflows.Runtime.Distributed.Extensions;
using Elsa.Workflows.Runtime.Options;
using Elsa.Workflows.Runtime.Tasks;
using Medallion.Threading;
using Medallion.Threading.FileSystem;
using Medallion.Threading.Postgres;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Jobs;

namespace Rlhf.Elsa.Hosting;

/// <summary>
/// An Elsa server of our own over one store: definitions, instances and bookmarks in its database, jobs of the steps beside the artifacts, where
/// <c>rlhf worker --engine elsa</c> finds them. Several of it over one PostgreSQL are one cluster.
/// </summary>
public static class ElsaHost
{
    /// <summary>Path of Elsa's API.</summary>
    public const string Api = "elsa/api";

    public static WebApplication Build(ElsaHostOptions options, Action<IModule>? more = null)
    {
        var folder = Directory.CreateDirectory(Path.Combine(options.Store, "elsa")).FullName;
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(options.Urls.Split(';'));
        builder.WebHost.UseKestrelHttpsConfiguration();
        // Every statement and request would drown what the host has to say.
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.EntityFrameworkCore.Model.Validation", LogLevel.Error).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<IObjectStore>(options.Objects);
        builder.Services.AddHostedService<PostgresDatabase>();
        builder.Services.AddElsa(elsa =>
        {
            Configure(elsa, options, folder);
            more?.Invoke(elsa);
        });
        builder.Services.Replace(ServiceDescriptor.Singleton<IScheduler>(services => ActivatorUtilities.CreateInstance<ClusterScheduler>(services, ActivatorUtilities.CreateInstance<LocalScheduler>(services))));
        builder.Services.Replace(ServiceDescriptor.Scoped<IWorkflowRestarter, InterruptedInstances>());
        builder.Services.AddAuthentication(TokenAuthentication.SchemeName).AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.SchemeName, null);
        builder.Services.AddAuthorization();
        builder.Services.Configure<RuntimeOptions>(o => o.InactivityThreshold = options.Interrupted);
        builder.Services.Configure<RecurringTaskOptions>(o => o.Schedule.ConfigureTask<RestartInterruptedWorkflowsTask>(options.Interrupted / 3));
        builder.Services.AddHostedService<WorkflowFiles>();
        var app = builder.Build();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseWorkflowsApi(Api);
        app.UseJsonSerializationErrorHandler();
        return app;
    }

    static void Configure(IModule elsa, ElsaHostOptions options, string folder)
    {
        var sqlite = $"Data Source={Path.Combine(folder, "elsa.db")};Cache=Shared;";
        elsa
            // State before each activity: after a kill the activity begins again and none before it does.
            .UseWorkflows(workflows => workflows.UseCommitStrategies(strategies =>
            {
                strategies.AddStandardStrategies();
                strategies.SetDefaultWorkflowCommitStrategy(new ActivityExecutingWorkflowStrategy());
            }))
            .UseWorkflowManagement(management => management.UseEntityFrameworkCore(ef => _ = options.Postgres is { } postgres ? ef.UsePostgreSql(postgres) : ef.UseSqlite(sqlite)))
            .UseWorkflowRuntime(runtime =>
            {
                runtime.UseEntityFrameworkCore(ef => _ = options.Postgres is { } postgres ? ef.UsePostgreSql(postgres) : ef.UseSqlite(sqlite));
                runtime.UseDistributedRuntime();
                runtime.DistributedLockProvider = _ => LocksOf(options, folder);
            })
            // What Studio cancels "all matches" and retries by.
            .UseAlterations(alterations => alterations.UseEntityFrameworkCore(ef => _ = options.Postgres is { } postgres ? ef.UsePostgreSql(postgres) : ef.UseSqlite(sqlite)))
            .UseScheduling()
            .UseJavaScript()
            .UseWorkflowsApi()
            .AddRlhfSteps(steps => steps.Jobs = services => new StoredStepJobs(services.GetRequiredService<IObjectStore>()));
    }

    static IDistributedLockProvider LocksOf(ElsaHostOptions options, string folder) => options.Postgres is { } postgres
        ? new PostgresDistributedSynchronizationProvider(postgres)
        : new FileDistributedSynchronizationProvider(new DirectoryInfo(Path.Combine(folder, "locks")));
}
