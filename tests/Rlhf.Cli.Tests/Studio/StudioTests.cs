using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Text.RegularExpressions;
using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Studio;

/// <summary>Elsa Studio as the program has it: run from the source, and published.</summary>
public sealed partial class StudioTests
{
    static readonly string Package = Path.Combine(Support.Rlhf.Root, "src", "Rlhf.Server", "Studio", "node_modules", "@elsa-workflows", "elsa-studio-wasm");

    static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [GeneratedRegex("Pages at (http://[0-9.:]+)")]
    private static partial Regex Address();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_file_of_Studio_is_served_whole_in_every_encoding_by_dotnet_run_in_Production_and_by_a_published_folder(bool isPublished)
    {
        Assert.SkipUnless(Directory.Exists(Package) || Environment.GetEnvironmentVariable("CI") is { Length: > 0 }, $"Elsa Studio is not in {Package} (make studio).");
        var folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;
        var environment = new Dictionary<string, string> { ["DOTNET_ENVIRONMENT"] = "Production", ["ASPNETCORE_ENVIRONMENT"] = "Production" };
        string[] start = isPublished ? [await PublishAsync(folder)] : ["run", "--project", Path.Combine(Support.Rlhf.Root, "src", "Rlhf.Cli"), "-c", Configuration, "--no-build", "--"];
        await using var serve = Start(environment, [.. start, "serve", "--urls", "http://127.0.0.1:0", "--store", Path.Combine(folder, "store")]);
        await serve.UntilItSaysAsync("Driving");
        using var client = new HttpClient(new HttpClientHandler { UseProxy = false, AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = new(Address().Match(serve.Error).Groups[1].Value) };

        var files = Directory.GetFiles(Package, "*", SearchOption.AllDirectories)
            .Where(f => !f.EndsWith(".br", StringComparison.Ordinal) && !f.EndsWith(".gz", StringComparison.Ordinal) && Path.GetRelativePath(Package, f) != "index.html").ToList();
        var wrong = new List<string>();
        foreach (var file in files)
        {
            var path = Path.GetRelativePath(Package, file).Replace('\\', '/');
            var expected = await File.ReadAllBytesAsync(file, Token);
            foreach (var encoding in new[] { "br", "gzip", "identity" })
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/studio/app/{path}") { Headers = { { "Accept-Encoding", encoding } } };
                using var response = await client.SendAsync(request, Token);
                if (await WhatIsWrongAsync(response, path, encoding, expected) is { } what) wrong.Add($"{path} as {encoding}: {what}");
            }
        }
        var page = await client.GetStringAsync("/studio/definitions", Token);

        Assert.True(files.Count > 300, $"{files.Count} files");
        Assert.Empty(wrong);
        Assert.Contains("<iframe src=\"/studio/app/\"", page, StringComparison.Ordinal);
        await serve.KillAsync();
        Directory.Delete(folder, recursive: true);
    }

    static async Task<string?> WhatIsWrongAsync(HttpResponseMessage response, string path, string encoding, byte[] expected)
    {
        if (response.StatusCode != HttpStatusCode.OK) return $"{(int)response.StatusCode}";
        var type = Path.GetExtension(path) switch
        {
            ".wasm" => "application/wasm",
            ".dat" or ".scss" => "application/octet-stream",
            ".js" => "text/javascript",
            ".css" => "text/css",
            ".json" or ".map" => "application/json",
            ".webmanifest" => "application/manifest+json",
            ".png" => "image/png",
            ".ico" or ".cur" => "image/x-icon",
            ".woff2" => "font/woff2",
            var other => $"a type for {other}",
        };
        if (response.Content.Headers.ContentType?.MediaType != type) return $"{response.Content.Headers.ContentType}, and not {type}";
        var came = response.Content.Headers.ContentEncoding.SingleOrDefault();
        var compressed = File.Exists(Path.Combine(Package, path + ".br"));
        if (came != (compressed && encoding != "identity" ? encoding : null)) return $"encoded as '{came}'";
        await using var content = await response.Content.ReadAsStreamAsync(Token);
        await using Stream unpacked = came switch { "br" => new BrotliStream(content, CompressionMode.Decompress), "gzip" => new GZipStream(content, CompressionMode.Decompress), _ => content };
        using var bytes = new MemoryStream();
        await unpacked.CopyToAsync(bytes, Token);
        return bytes.ToArray().AsSpan().SequenceEqual(expected) ? null : $"{bytes.Length} other bytes than the {expected.Length} of the package";
    }

    static async Task<string> PublishAsync(string folder)
    {
        var output = Path.Combine(folder, "published");
        await using var publish = Start([], ["publish", Path.Combine(Support.Rlhf.Root, "src", "Rlhf.Cli"), "-c", Configuration, "--no-build", "-o", output]);
        var said = await publish.EndAsync();
        Assert.True(said.ExitCode == 0, said.Output);
        return Path.Combine(output, "rlhf.dll");
    }

    static Running Start(Dictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = Support.Rlhf.Root, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new(Process.Start(start)!, string.Join(' ', arguments));
    }
}
