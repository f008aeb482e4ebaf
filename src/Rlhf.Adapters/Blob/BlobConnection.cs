using Azure;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;
using Rlhf.Adapters.Resilience;

namespace Rlhf.Adapters.Blob;

/// <summary>A container with the rules by which it is called, and the sentences for what can go wrong with it.</summary>
sealed class BlobConnection
{
    readonly BlobSettings _settings;
    readonly ResiliencePipeline<object> _patient, _quick;

    public BlobConnection(BlobSettings settings, BlobOptions options, TimeProvider time, ILoggerFactory? logs)
    {
        _settings = settings;
        Options = options;
        var resilience = options.Resilience;
        _patient = Pipelines.Blob(resilience, time, logs);
        // Somebody sits before it and waits.
        var quick = TimeSpan.FromSeconds(20);
        _quick = Pipelines.Blob(resilience with { Retries = Math.Min(resilience.Retries, 2), Total = resilience.Total < quick ? resilience.Total : quick }, time, logs);
        // The SDK's own retries and time-outs are off: the pipeline has them.
        Container = settings.Connect(new() { Retry = { MaxRetries = 0, NetworkTimeout = resilience.Total + TimeSpan.FromMinutes(1) } });
    }

    public BlobContainerClient Container { get; }

    public BlobOptions Options { get; }

    public string Prefix => _settings.Prefix;

    public BlockBlobClient Blob(string name) => Container.GetBlockBlobClient(Prefix + name);

    /// <summary>One call, tried again where that may help.</summary>
    public async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, bool quick = false) where T : notnull =>
        await (quick ? _quick : _patient).ExecuteAsync<T>(async token => await call(token), cancellationToken);

    /// <summary>What is known of an object, or null where there is none.</summary>
    public async Task<BlobProperties?> PropertiesAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await CallAsync(token => Blob(name).GetPropertiesAsync(cancellationToken: token), cancellationToken)).Value;
        }
        catch (RequestFailedException e) when (IsMissing(e))
        {
            return null;
        }
    }

    /// <summary>The object is missing; its container is not.</summary>
    public static bool IsMissing(RequestFailedException e) => e.Status == 404 && !IsContainerMissing(e);

    /// <summary>A policy of the container or the account forbids every change of the object, and its removal.</summary>
    public static bool IsImmutable(RequestFailedException e) => e.ErrorCode?.StartsWith("BlobImmutable", StringComparison.Ordinal) == true;

    /// <summary>Makes of what a call can fail with an <see cref="IOException"/> that names the object (null for the container) and says what to do.</summary>
    public async Task<T> SayingAsync<T>(string? name, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && Reason(e) is not null)
        {
            throw new IOException($"{(name is null ? "The container" : $"'{name}' in the container")} {_settings} {Reason(e)}", e);
        }
    }

    static bool IsContainerMissing(RequestFailedException e) => e.ErrorCode == BlobErrorCode.ContainerNotFound;

    // Only codes of the service's answer are repeated: its messages hold parts of the request.
    string? Reason(Exception e) => e switch
    {
        RequestFailedException failed when IsContainerMissing(failed) =>
            $"cannot be used: there is no such container; create it (az storage container create --name {_settings.Container}) or correct {_settings.Named}.",
        RequestFailedException { Status: 401 or 403 } refused =>
            $"cannot be used: the service refused the credentials ({refused.Status} {refused.ErrorCode}); check the key or the SAS and its expiry in {_settings.Named}, or that the identity has the role Storage Blob Data Contributor.",
        RequestFailedException { Status: 429 or 503 } busy =>
            $"could not be served: the service is too busy ({busy.Status} {busy.ErrorCode}) and stayed so over {Options.Resilience.Retries} retries; try again later.",
        RequestFailedException failed when failed.ErrorCode == BlobErrorCode.InvalidBlobOrBlock =>
            "could not be written: another program has left blocks of its own under this name; they go away a week after its last one.",
        RequestFailedException { Status: > 0 } failed =>
            $"could not be served: the service answered {failed.Status} {failed.ErrorCode}.",
        AuthenticationFailedException none =>
            $"cannot be used: no Azure credential could be had ({none.Message.Split('\n')[0].Trim()}); sign in (az login), give this machine an identity, or put a SAS or connection string into {_settings.Named}.",
        BrokenCircuitException =>
            "could not be served: its calls failed so often that no more are made for a while; try again later.",
        TimeoutRejectedException or OperationCanceledException =>
            $"could not be served: no answer came within {Options.Resilience.Total}; check the network and try again.",
        RequestFailedException or HttpRequestException or AggregateException =>
            $"could not be reached: {(e is AggregateException many ? many.InnerExceptions[^1] : e).GetBaseException().Message.TrimEnd('.')}; check the address in {_settings.Named} and the network.",
        IOException => $"could not be read or written: {e.Message}",
        _ => null,
    };
}
