using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Studio;

/// <summary>
/// The files of Elsa Studio, which the build puts beside the program, as they are asked for. What is there only compressed is unpacked for who takes no compression.
/// </summary>
sealed partial class StudioFiles
{
    /// <summary>The base address of Studio's document and of all that it asks for.</summary>
    public const string Prefix = "/studio/app/";

    // The first that the client takes, the smallest first.
    static readonly (string Name, string Ending)[] Encodings = [("br", ".br"), ("gzip", ".gz")];

    /// <summary>One file: where it lies as it is, and in each encoding.</summary>
    sealed record Held(string? Plain, IReadOnlyDictionary<string, string> Encoded);

    readonly Lazy<FrozenDictionary<string, Held>> _all;
    readonly ConcurrentDictionary<string, string> _tags = new();

    /// <param name="folder">The unpacked package, or what the build took of it.</param>
    public StudioFiles(string folder)
    {
        Folder = Path.GetFullPath(folder);
        _all = new(() => Read(Folder));
    }

    public string Folder { get; }

    /// <summary>False where the program was built without Studio.</summary>
    public bool AreThere => _all.Value.ContainsKey("_framework/blazor.webassembly.js");

    /// <summary>Paths below <see cref="Prefix"/>.</summary>
    public IReadOnlyCollection<string> Paths => _all.Value.Keys;

    public static Task GetAsync(HttpContext context) => context.RequestServices.GetRequiredService<StudioFiles>().SendAsync(context, $"{context.Request.RouteValues["path"]}");

    async Task SendAsync(HttpContext context, string path)
    {
        var (request, response) = (context.Request, context.Response);
        if (!_all.Value.TryGetValue(path, out var held))
        {
            await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, AreThere ? $"Elsa Studio has no file '{path}'." : $"Elsa Studio is not in '{Folder}'; /studio says how it gets there.");
            return;
        }
        var encoding = Encodings.Select(e => e.Name).FirstOrDefault(name => held.Encoded.ContainsKey(name) && Takes(request.Headers.AcceptEncoding, name));
        var tag = $"\"{await TagAsync(held, context.RequestAborted)}{(encoding is null ? "" : $"-{encoding}")}\"";
        response.ContentType = TypeOf(path);
        response.Headers.ETag = tag;
        response.Headers.Vary = "Accept-Encoding";
        response.Headers.CacheControl = Fingerprint().IsMatch(path) ? "public, max-age=31536000, immutable" : "no-cache";
        if (request.Headers.IfNoneMatch.SelectMany(h => h!.Split(',')).Any(t => t.Trim() is var known && (known == "*" || known == tag || known == $"W/{tag}")))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        if (encoding is not null) response.Headers.ContentEncoding = encoding;
        if ((encoding is null ? held.Plain : held.Encoded[encoding]) is { } file)
        {
            response.ContentLength = new FileInfo(file).Length;
            await response.SendFileAsync(file, context.RequestAborted);
            return;
        }
        await using var unpacked = Unpacked(held);
        await unpacked.CopyToAsync(response.Body, context.RequestAborted);
    }

    static FrozenDictionary<string, Held> Read(string folder)
    {
        if (!Directory.Exists(folder)) return FrozenDictionary<string, Held>.Empty;
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(folder, f).Replace('\\', '/'));
        // The package's own document asks another site for fonts; ours stands in its place.
        return files.Keys.Select(Plain).Distinct().Where(path => path != "index.html").ToFrozenDictionary(
            path => path,
            path => new Held(files.GetValueOrDefault(path), Encodings.Where(e => files.ContainsKey(path + e.Ending)).ToDictionary(e => e.Name, e => files[path + e.Ending])));

        static string Plain(string path) => Encodings.FirstOrDefault(e => path.EndsWith(e.Ending, StringComparison.Ordinal)) is { Ending: { } ending } ? path[..^ending.Length] : path;
    }

    /// <summary>The file as it is, out of the encoding that it is there in.</summary>
    static Stream Unpacked(Held held) => held.Encoded.TryGetValue("br", out var brotli)
        ? new BrotliStream(File.OpenRead(brotli), CompressionMode.Decompress)
        : new GZipStream(File.OpenRead(held.Encoded["gzip"]), CompressionMode.Decompress);

    async Task<string> TagAsync(Held held, CancellationToken cancellationToken)
    {
        var file = held.Encoded.GetValueOrDefault("br") ?? held.Plain ?? held.Encoded["gzip"];
        if (_tags.TryGetValue(file, out var known)) return known;
        await using var content = File.OpenRead(file);
        return _tags[file] = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken))[..16];
    }

    /// <summary>True where the client takes an encoding, said by name or by a star, and not with q=0.</summary>
    static bool Takes(StringValues accepted, string encoding)
    {
        var said = accepted.SelectMany(a => a!.Split(',')).Select(a => a.Split(';', StringSplitOptions.TrimEntries)).ToList();
        var about = said.FirstOrDefault(s => s[0].Equals(encoding, StringComparison.OrdinalIgnoreCase)) ?? said.FirstOrDefault(s => s[0] == "*");
        return about is not null && !about.Skip(1).Any(p => Nothing().IsMatch(p));
    }

    /// <summary>The type of a file by its name's ending, as browsers insist on it.</summary>
    static string TypeOf(string path) => Path.GetExtension(path) switch
    {
        ".wasm" => "application/wasm",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".json" or ".map" => "application/json",
        ".webmanifest" => "application/manifest+json",
        ".png" => "image/png",
        ".ico" or ".cur" => "image/x-icon",
        ".woff2" => "font/woff2",
        _ => "application/octet-stream",
    };

    [GeneratedRegex(@"\.[a-z0-9]{10}\.", RegexOptions.CultureInvariant)]
    private static partial Regex Fingerprint();

    [GeneratedRegex(@"^q=0(\.0{0,3})?$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Nothing();
}
