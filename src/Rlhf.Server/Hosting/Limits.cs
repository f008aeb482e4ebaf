using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Rlhf.Server.Access;

namespace Rlhf.Server.Hosting;

/// <summary>How much one person, or one address that nobody has signed in from, may ask for.</summary>
static class Limits
{
    const int BurstSeconds = 10;

    /// <summary>Elsa Studio asks for some 150 files at once, and for some of them again on every page.</summary>
    const int FilesPerRequest = 20;

    public static void Set(RateLimiterOptions limits, ServerOptions options)
    {
        limits.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limits.OnRejected = (rejected, _) => new(Answers.ErrorAsync(rejected.HttpContext, StatusCodes.Status429TooManyRequests, "Too many requests; expected fewer, try again in a few seconds."));
        limits.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
        {
            var address = $"{context.Connection.RemoteIpAddress}";
            if (context.GetEndpoint()?.Metadata.GetMetadata<Route>() is { IsAttempt: true })
                return RateLimitPartition.GetFixedWindowLimiter($"attempt {address}", _ => new() { PermitLimit = options.AttemptsPerMinute, Window = TimeSpan.FromMinutes(1) });
            var who = Caller.Of(context) is { } caller ? $"person {caller.Name}" : $"address {address}";
            var isFile = context.GetEndpoint()?.Metadata.GetMetadata<Route>() is { IsFile: true };
            var perSecond = options.RequestsPerSecond * (isFile ? FilesPerRequest : 1);
            return RateLimitPartition.GetTokenBucketLimiter(isFile ? $"files of {who}" : who, _ => new()
            {
                TokenLimit = perSecond * BurstSeconds,
                TokensPerPeriod = perSecond,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            });
        });
    }
}
