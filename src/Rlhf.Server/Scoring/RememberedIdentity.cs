using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Rlhf.Server.Access;

namespace Rlhf.Server.Scoring;

/// <summary>
/// What another way knows of a caller, kept for a few seconds: a trainer makes thousands of requests a minute with one key, and each look is a query. A key that is revoked
/// is good for so long.
/// </summary>
sealed class RememberedIdentity(IIdentify way, TimeProvider time) : IIdentify
{
    static readonly TimeSpan Kept = TimeSpan.FromSeconds(5);

    const int Most = 1000;

    readonly ConcurrentDictionary<string, (Caller Caller, long Since)> _known = new();

    public async Task<Caller?> IdentifyAsync(HttpContext context)
    {
        // Who comes by cookie or through a proxy is looked up each time.
        if (context.Request.Headers.Keys.Any(k => k is "Cookie" or "Via" or "Forwarded" || k.StartsWith("X-Forwarded", StringComparison.OrdinalIgnoreCase))) return await way.IdentifyAsync(context);
        var key = $"{context.Request.Host}\n{context.Request.Headers.Authorization}";
        if (_known.TryGetValue(key, out var known) && time.GetElapsedTime(known.Since) < Kept) return known.Caller;
        if (await way.IdentifyAsync(context) is not { } caller) return null;
        if (_known.Count >= Most) _known.Clear();
        _known[key] = (caller, time.GetTimestamp());
        return caller;
    }
}
