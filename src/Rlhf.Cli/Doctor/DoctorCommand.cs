using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Rlhf.Adapters.Blob;
using Rlhf.Adapters.Judge;
using Rlhf.Adapters.Labeling;
using Rlhf.Adapters.Labeling.Argilla;
using Rlhf.Adapters.Labeling.LabelStudio;
using Rlhf.Adapters.Resilience;
using Rlhf.Adapters.Webhooks;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Tracking;
using Rlhf.Cli.Workflows;
using Rlhf.Server.OpenIdConnect;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Cli.Doctor;

/// <summary><c>rlhf doctor</c>: every service that the environment configures, in one line each, and whether it works.</summary>
static class DoctorCommand
{
    /// <summary>Somebody waits for the answer.</summary>
    static PipelineOptions Impatient { get; } = new() { Total = TimeSpan.FromSeconds(20), Retries = 2 };

    /// <summary>What was looked at, whether it works, and what was found or is wrong.</summary>
    sealed record Finding(string Service, bool Works, string Says, double Seconds);

    public static async Task<int> RunAsync(string store, bool create, bool webhook, bool json, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>
        {
            await LookAsync("artifact store", () => StoreAsync(store, create, cancellationToken)),
            await LookAsync("workflow state", () => DatabaseAsync(store, cancellationToken)),
            await LookAsync("workflow inputs", () => Task.FromResult(WorkflowInputs.CheckAll())),
            await LookAsync("MLflow", () => MlflowAsync(cancellationToken)),
            await LookAsync("Argilla", () => ArgillaAsync(cancellationToken)),
            await LookAsync("Label Studio", () => LabelStudioAsync(cancellationToken)),
            await LookAsync("AI judge", () => JudgeAsync(cancellationToken)),
            await LookAsync("OpenID Connect", () => IssuerAsync(cancellationToken)),
            await LookAsync("webhook", () => WebhookAsync(webhook, cancellationToken)),
        };
        Output.Write(json, new JsonArray([.. findings.Select(ToJson)]), () =>
        {
            foreach (var finding in findings) Console.Out.WriteLine($"{(finding.Works ? "ok    " : "FAILED")}  {finding.Service,-15} {finding.Says}{(finding.Works ? $" ({finding.Seconds:0.00} s)" : "")}");
        });
        return findings.All(f => f.Works) ? ExitCodes.Done : ExitCodes.Failed;
    }

    static JsonObject ToJson(Finding finding) =>
        new() { ["service"] = finding.Service, ["works"] = finding.Works, ["says"] = finding.Says, ["seconds"] = finding.Seconds };

    // Whatever goes wrong with a service is what this command is there to say.
    static async Task<Finding> LookAsync(string service, Func<Task<string>> look)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            return new(service, true, await look(), clock.Elapsed.TotalSeconds);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new(service, false, e.Message, clock.Elapsed.TotalSeconds);
        }
    }

    /// <summary>Writes an object, once only, reads it and removes it.</summary>
    static async Task<string> StoreAsync(string store, bool create, CancellationToken cancellationToken)
    {
        if (ObjectStores.Container is { } container)
            await BlobObjectStore.OpenAsync(container, TimeProvider.System, null, null, create, cancellationToken);
        var objects = ObjectStores.Open(store);
        var (name, content) = ($"doctor/{Guid.NewGuid():N}", RandomNumberGenerator.GetBytes(64));
        try
        {
            if (!await objects.TryCreateAsync(name, content, cancellationToken) || await objects.TryCreateAsync(name, content, cancellationToken))
                throw new IOException($"'{name}' could be written twice; expected a store that creates an object once only.");
            if (await objects.ReadAsync(name, cancellationToken) is not { } read || !read.SequenceEqual(content))
                throw new IOException($"'{name}' was read otherwise than it was written.");
        }
        finally
        {
            await objects.DeleteAsync(name, CancellationToken.None);
        }
        var stays = await objects.ReadAsync(name, cancellationToken) is not null;
        return $"{ObjectStores.Place(store)}: writes once, reads, {(stays ? "a policy of the container keeps what is removed" : "removes")}";
    }

    static async Task<string> DatabaseAsync(string store, CancellationToken cancellationToken)
    {
        await using var workspace = new Workspace(store);
        var open = (await workspace.Runtime.ListAsync(new(Take: 1000) { OnlyOpen = true }, cancellationToken)).Count;
        return $"{(Settings.Database is null ? $"SQLite in {store}" : "PostgreSQL")}: {open} open instances";
    }

    static async Task<string> JudgeAsync(CancellationToken cancellationToken) =>
        Settings.Judge is { } settings ? await JudgeProbe.LookAsync(settings, cancellationToken) : "not configured (RLHF_JUDGE_URL)";

    static async Task<string> IssuerAsync(CancellationToken cancellationToken) =>
        Settings.OpenIdConnect is { } options ? await IssuerProbe.LookAsync(options, cancellationToken) : $"not configured ({OidcOptions.IssuerVariable})";

    /// <summary>Sends a notification of the type <c>doctor.test</c>, where that is asked for: the receiver may wake somebody.</summary>
    static async Task<string> WebhookAsync(bool sends, CancellationToken cancellationToken)
    {
        if (Settings.Webhook is not { } settings) return sends ? throw new ArgumentException($"{WebhookSettings.AddressVariable} is not set; expected the receiver's address.") : $"not configured ({WebhookSettings.AddressVariable})";
        if (!sends) return $"{settings}: not called (--webhook sends a test)";
        using var notifications = new WebhookNotifications(settings, TimeProvider.System, _ => { });
        await notifications.DeliverAsync(new($"test-{Guid.NewGuid():N}", "doctor.test", TimeProvider.System.GetUtcNow(), new() { ["environment"] = Settings.Environment }), cancellationToken);
        return $"{settings}: took a signed test";
    }

    static async Task<string> MlflowAsync(CancellationToken cancellationToken)
    {
        if (TrackingSession.Settings is not { } settings) return "not configured (MLFLOW_TRACKING_URI)";
        using var client = TrackingSession.Client(settings, Impatient);
        var version = await client.GetServerVersionAsync(cancellationToken);
        await client.FindExperimentAsync(settings.Experiment, cancellationToken); // only who may read can deliver
        return $"{client.Address}: MLflow {version}, experiment '{settings.Experiment}'";
    }

    static async Task<string> ArgillaAsync(CancellationToken cancellationToken) => ArgillaSettings.FromEnvironment(Settings.Text) is { } settings
        ? await ToolLabelers.CheckAsync(settings, TimeProvider.System, Impatient, cancellationToken)
        : $"not configured ({ArgillaSettings.AddressVariable})";

    static async Task<string> LabelStudioAsync(CancellationToken cancellationToken) => LabelStudioSettings.FromEnvironment(Settings.Text) is { } settings
        ? await ToolLabelers.CheckAsync(settings, TimeProvider.System, Impatient, cancellationToken)
        : $"not configured ({LabelStudioSettings.AddressVariable})";
}
