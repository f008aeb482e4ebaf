using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Pages;

/// <summary>The style sheet and the modules, which are part of the program.</summary>
static class AssetFiles
{
    sealed record Asset(byte[] Content, string Type, string Version);

    static readonly FrozenDictionary<string, Asset> All = ReadAll().ToFrozenDictionary();

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

    /// <summary>What a module imports stands before it: it imports it by its version, so that modules of two versions never meet in a browser's cache.</summary>
    static Dictionary<string, Asset> ReadAll()
    {
        var all = new Dictionary<string, Asset>();
        foreach (var (name, type) in new[] { ("pages.css", "text/css"), ("icon.svg", "image/svg+xml"), ("outbox.js", "text/javascript"), ("view.js", "text/javascript"), ("label.js", "text/javascript"), ("studio.css", "text/css"), ("icons.css", "text/css"), ("drawn.js", "text/javascript"), ("icons.js", "text/javascript"), ("findings.js", "text/javascript"), ("canvas.js", "text/javascript"), ("studio.js", "text/javascript"), ("standing.js", "text/javascript"), ("rounds.js", "text/javascript") })
        {
            var content = Content(name);
            if (name.EndsWith(".js", StringComparison.Ordinal))
                content = Encoding.UTF8.GetBytes(all.Aggregate(Encoding.UTF8.GetString(content), (text, other) => text.Replace($"from './{other.Key}'", $"from './{other.Key}?v={other.Value.Version}'", StringComparison.Ordinal)));
            all[name] = new(content, $"{type}; charset=utf-8", Convert.ToHexStringLower(SHA256.HashData(content))[..12]);
        }
        return all;
    }

    static byte[] Content(string name)
    {
        using var stream = typeof(AssetFiles).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The program was built without '{name}'.");
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
