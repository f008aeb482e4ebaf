using System.Security.Cryptography;
using Elsa.Common.Models;
using Elsa.Workflows;
using Elsa.Workflows.Management;
using Elsa.Workflows.Management.Filters;
using Elsa.Workflows.Management.Models;
using Medallion.Threading;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Rlhf.Elsa.Hosting;

/// <summary>
/// Publishes the files of a folder, unchanged, when the host starts. A file that was published before, by its hash, makes no new version; one that cannot be
/// published is named, and the others go on.
/// </summary>
sealed partial class WorkflowFiles(IServiceScopeFactory scopes, ElsaHostOptions options, ILogger<WorkflowFiles> log) : IHostedService
{
    /// <summary>Custom property of a definition: SHA-256 of the text that it was published from.</summary>
    public const string Source = "rlhf.source";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Workflows is not { } folder) return;
        await using var scope = scopes.CreateAsyncScope();
        // One node at a time: two would each make a version of the same file.
        await using var _ = await scope.ServiceProvider.GetRequiredService<IDistributedLockProvider>().AcquireLockAsync("rlhf:workflow-files", cancellationToken: cancellationToken);
        foreach (var file in Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            try
            {
                await PublishAsync(scope.ServiceProvider, file, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                NotPublished(file, e.Message);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    async Task PublishAsync(IServiceProvider services, string file, CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(file, cancellationToken);
        var hash = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
        var model = services.GetRequiredService<IApiSerializer>().Deserialize<WorkflowDefinitionModel>(text);
        if (model.DefinitionId is not { Length: > 0 } id) throw new InvalidDataException("'definitionId' is missing; expected the name of the file without its ending.");
        var known = await services.GetRequiredService<IWorkflowDefinitionStore>().FindAsync(
            new WorkflowDefinitionFilter { DefinitionId = id, VersionOptions = VersionOptions.Published }, cancellationToken);
        if (known?.CustomProperties.TryGetValue(Source, out var source) == true && $"{source}" == hash) return;
        model.CustomProperties = new Dictionary<string, object>(model.CustomProperties ?? new Dictionary<string, object>()) { [Source] = hash };
        var result = await services.GetRequiredService<IWorkflowDefinitionImporter>().ImportAsync(new SaveWorkflowDefinitionRequest { Model = model, Publish = true }, cancellationToken);
        if (!result.Succeeded) throw new InvalidDataException(string.Join("; ", result.ValidationErrors.Select(e => e.Message)));
        Published(file, result.WorkflowDefinition.Version);
    }

    [LoggerMessage(LogLevel.Information, "{File} is published as version {Version}")]
    partial void Published(string file, int version);

    [LoggerMessage(LogLevel.Error, "{File} is not published: {Reason}")]
    partial void NotPublished(string file, string reason);
}
