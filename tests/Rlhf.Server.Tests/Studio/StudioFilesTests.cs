using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Rlhf.Runtime.Access;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Studio;

/// <summary>Files of Elsa Studio as a browser asks for them. A test of what npm brings fails where it has not been brought in CI, and is skipped elsewhere.</summary>
public sealed class StudioFilesTests
{
    static string Package
    {
        get
        {
            var reason = $"Elsa Studio is not in {Place.StudioPackage} (make studio).";
            if (Directory.Exists(Place.StudioPackage)) return Place.StudioPackage;
            if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 }) Assert.Fail(reason);
            Assert.Skip(reason);
            return "";
        }
    }

    [Theory]
    [InlineData("br, gzip;q=0.5", "br")]
    [InlineData("gzip, deflate", "gzip")]
    [InlineData("*", "br")]
    [InlineData("br;q=0, gzip;q=0", null)]
    [InlineData("identity", null)]
    [InlineData(null, null)]
    public async Task A_file_comes_in_the_smallest_encoding_that_the_client_takes_and_is_the_same_file(string? accepts, string? encoding)
    {
        var expected = await File.ReadAllBytesAsync(Path.Combine(Package, "_framework", "blazor.webassembly.js"));
        await using var place = await Place.OpenAsync();

        using var response = await GetAsync(place, "_framework/blazor.webassembly.js", accepts);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(encoding, response.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal("Accept-Encoding", response.Headers.Vary.Single());
        Assert.Equal(expected, await UnpackedAsync(response));
    }

    [Fact]
    public async Task What_is_there_only_compressed_is_unpacked_for_who_takes_no_compression()
    {
        var expected = await File.ReadAllBytesAsync(Path.Combine(Package, "_framework", "dotnet.js"));
        var folder = Directory.CreateTempSubdirectory("rlhf-test-");
        Directory.CreateDirectory(Path.Combine(folder.FullName, "_framework"));
        foreach (var name in new[] { "blazor.webassembly.js", "dotnet.js" })
            foreach (var ending in new[] { ".br", ".gz" })
                File.Copy(Path.Combine(Package, "_framework", name + ending), Path.Combine(folder.FullName, "_framework", name + ending));
        await using var place = await Place.OpenAsync(change: o => o with { StudioFolder = folder.FullName });

        using var plain = await GetAsync(place, "_framework/dotnet.js", null);
        using var compressed = await GetAsync(place, "_framework/dotnet.js", "gzip");

        Assert.Equal(expected, await plain.Content.ReadAsByteArrayAsync());
        Assert.Equal("gzip", compressed.Content.Headers.ContentEncoding.Single());
        Assert.Equal(expected, await UnpackedAsync(compressed));
        Assert.NotEqual(plain.Headers.ETag, compressed.Headers.ETag);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_name_with_its_contents_print_is_kept_for_good_and_any_other_is_asked_for_again_by_its_tag()
    {
        var wasm = Path.GetFileName(Directory.GetFiles(Path.Combine(Package, "_framework"), "Elsa.Studio.Host.*.wasm").Single());
        await using var place = await Place.OpenAsync();

        using var printed = await GetAsync(place, $"_framework/{wasm}", "br");
        using var other = await GetAsync(place, "_framework/dotnet.js", "br");
        using var again = await GetAsync(place, "_framework/dotnet.js", "br", other.Headers.ETag);
        using var unpacked = await GetAsync(place, "_framework/dotnet.js", null, other.Headers.ETag);

        Assert.Equal("application/wasm", printed.Content.Headers.ContentType!.MediaType);
        Assert.Equal("public, max-age=31536000, immutable", $"{printed.Headers.CacheControl}");
        Assert.Equal("no-cache", $"{other.Headers.CacheControl}");
        Assert.Equal((HttpStatusCode.NotModified, 0), (again.StatusCode, (await again.Content.ReadAsByteArrayAsync()).Length));
        Assert.Equal(HttpStatusCode.OK, unpacked.StatusCode);
    }

    [Theory]
    [InlineData("../package-lock.json")]
    [InlineData("..%2Fpackage-lock.json")]
    [InlineData("%2e%2e/package-lock.json")]
    [InlineData("_framework/..%2f..%2f..%2f..%2fpackage.json")]
    [InlineData("_framework/")]
    [InlineData("_framework")]
    [InlineData("/etc/passwd")]
    [InlineData("_framework/dotnet.js.br")]
    [InlineData("_framework/%00")]
    [InlineData("index.html")]
    public async Task Nothing_but_the_packages_files_is_there(string path)
    {
        Assert.NotEmpty(Package);
        await using var place = await Place.OpenAsync();

        using var response = await GetAsync(place, path, null);

        Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{path}: {response.StatusCode}");
    }

    [Fact]
    public async Task A_server_without_Studio_starts_and_says_what_is_missing_and_how_to_get_it()
    {
        var folder = Path.Combine(Path.GetTempPath(), "rlhf-nothing-is-here");
        await using var place = await Place.OpenAsync(change: o => o with { StudioFolder = folder });

        var page = await place.SendAsync("GET", "/studio");
        var deep = await place.SendAsync("GET", "/studio/definitions/rlhf-round");
        var file = await place.SendAsync("GET", "/studio/app/_framework/dotnet.js");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (page.Status, deep.Status));
        Assert.All([page.Text, deep.Text], text =>
        {
            Assert.Contains("Elsa Studio is missing", text, StringComparison.Ordinal);
            Assert.Contains(folder, text, StringComparison.Ordinal);
            Assert.Contains("make studio", text, StringComparison.Ordinal);
            Assert.DoesNotContain("<iframe", text, StringComparison.Ordinal);
        });
        Assert.Equal((HttpStatusCode.NotFound, $"Elsa Studio is not in '{folder}'; /studio says how it gets there."), (file.Status, file.Error));
        Assert.Equal(HttpStatusCode.OK, (await place.SendAsync("GET", "/")).Status);
    }

    [Fact]
    public async Task Files_do_not_use_up_what_a_person_may_ask_for()
    {
        Assert.NotEmpty(Package);
        await using var place = await Place.OpenAsync(change: o => o with { RequestsPerSecond = 1 });
        var key = await place.KeyAsync("vera", Role.Viewer);

        for (var i = 0; i < 150; i++)
            Assert.Equal(HttpStatusCode.OK, (await place.SendAsync("GET", "/studio/app/appsettings.json", key)).Status);

        Assert.Equal(HttpStatusCode.OK, (await place.SendAsync("GET", "/api/overview", key)).Status);
    }

    static Task<HttpResponseMessage> GetAsync(Place place, string path, string? accepts, EntityTagHeaderValue? known = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/studio/app/{path}");
        if (accepts is not null) request.Headers.TryAddWithoutValidation("Accept-Encoding", accepts);
        if (known is not null) request.Headers.IfNoneMatch.Add(known);
        return place.RawAsync(request);
    }

    static async Task<byte[]> UnpackedAsync(HttpResponseMessage response)
    {
        await using var content = await response.Content.ReadAsStreamAsync();
        await using Stream unpacked = response.Content.Headers.ContentEncoding.SingleOrDefault() switch
        {
            "br" => new BrotliStream(content, CompressionMode.Decompress),
            "gzip" => new GZipStream(content, CompressionMode.Decompress),
            null => content,
            var other => throw new InvalidOperationException($"The encoding is '{other}'."),
        };
        using var bytes = new MemoryStream();
        await unpacked.CopyToAsync(bytes);
        return bytes.ToArray();
    }
}
