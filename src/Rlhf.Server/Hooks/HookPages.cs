using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Labeling;

namespace Rlhf.Server.Hooks;

/// <summary>
/// <c>POST /hooks/…</c>: another program says that something was answered there. Only that it says so counts: the steps that wait for it look there themselves, so
/// what stands in a delivery changes nothing, and one that comes twice does no harm.
/// </summary>
static class HookPages
{
    /// <summary>The header in which Label Studio, which signs nothing, sends the secret.</summary>
    public const string SecretHeader = "X-Rlhf-Secret";

    /// <summary>The longest delivery, in bytes: it holds the whole record.</summary>
    public const int LongestDelivery = 1 << 20;

    public static Task ArgillaAsync(HttpContext context) => TakeAsync(
        context, LabelingTools.Argilla, site => site.Options.Hooks.Argilla,
        (headers, body, key, now) => StandardWebhooks.IsSigned(headers, body, key, now));

    public static Task LabelStudioAsync(HttpContext context) => TakeAsync(
        context, LabelingTools.LabelStudio, site => site.Options.Hooks.LabelStudio,
        (headers, _, secret, _) => headers[SecretHeader] is [{ } sent] && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent), secret));

    delegate bool IsGood(IHeaderDictionary headers, ReadOnlySpan<byte> body, ReadOnlySpan<byte> secret, DateTimeOffset now);

    static async Task TakeAsync(HttpContext context, string tool, Func<Site, ReadOnlyMemory<byte>?> secretOf, IsGood isGood)
    {
        var site = context.RequestServices.GetRequiredService<Site>();
        if (secretOf(site) is not { } secret)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, $"This server takes nothing from {tool}; expected a secret in its environment.");
            return;
        }
        if (await ReadAsync(context) is not { } body)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status413PayloadTooLarge, $"The delivery is too long; expected at most {LongestDelivery} bytes.");
            return;
        }
        if (!isGood(context.Request.Headers, body, secret.Span, site.Time.GetUtcNow()))
        {
            await Answers.ErrorAsync(context, StatusCodes.Status401Unauthorized, $"The delivery is not signed as {tool} would, or is too old; expected the secret that both know.");
            return;
        }
        await context.RequestServices.GetRequiredService<Wakes>().WakeAsync(LabelingTools.EventOf(tool), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        await Answers.WriteAsync(context, new JsonObject { ["taken"] = true });
    }

    // Null where it is too long.
    static async Task<byte[]?> ReadAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = LongestDelivery + 1;
        if (context.Request.ContentLength > LongestDelivery) return null;
        using var body = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int read; (read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0;)
        {
            if (body.Length + read > LongestDelivery) return null;
            body.Write(buffer, 0, read);
        }
        return body.ToArray();
    }
}
