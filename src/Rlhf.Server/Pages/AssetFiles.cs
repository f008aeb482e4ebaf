using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Pages;

/// <summary>The style sheet and the modules, which are part of the program.</summary>
static class AssetFiles
{
    sealed record Asset(byte[] Content, string Type, string Version);

    static readonly FrozenDictionary<string, Asset> All = new[] { ("pages.css", "text/css"), ("label.js", "text/javascript"), ("icon.svg", "image/svg+xml") }
        .ToFrozenDictionary(a => a.Item1, a => Read(a.Item1, $"{a.Item2}; charset=utf-8"));

    /// <summary>The address of an asset, another one for every content.</summary>
    public static string Path(string name) => $"/assets/{name}?v={All[name].Version}";

    public static async Task GetAsync(HttpContext context)
    {
        var name = $"{context.Request.RouteValues["name"]}";
        if (!All.TryGetValue(name, out var asset))
        {
            await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, $"There is no asset '{name}'.");
            return;
        }
        context.Response.ContentType = asset.Type;
        if (context.Request.Query["v"] == asset.Version) context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        await context.Response.Body.WriteAsync(asset.Content, context.RequestAborted);
    }

    static Asset Read(string name, string type)
    {
        using var stream = typeof(AssetFiles).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The program was built without '{name}'.");
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return new(content.ToArray(), type, Convert.ToHexStringLower(SHA256.HashData(content.ToArray()))[..12]);
    }
}
