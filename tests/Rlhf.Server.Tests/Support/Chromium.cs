using System.Reflection;
using System.Text.Json;
using Microsoft.Playwright;

namespace Rlhf.Server.Tests.Support;

/// <summary>
/// The machine's own Chromium, one for all tests. Where there is none a test is skipped, and fails in CI.
/// </summary>
public sealed class Chromium : IAsyncLifetime
{
    static readonly string Root = typeof(Chromium).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(m => m.Key == "RepositoryRoot").Value!;

    IPlaywright? _playwright;
    IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (Program() is not { } program) return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Headless = true, Args = ["--no-sandbox"] });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>A browser of a person of its own, at a server's address.</summary>
    internal async Task<IBrowserContext> PersonAsync(string address, BrowserNewContextOptions? options = null)
    {
        if (_browser is null) Missing("Chromium is not installed (Debian: apt-get install chromium).");
        options ??= new();
        options.BaseURL = address;
        options.ViewportSize ??= new() { Width = 1360, Height = 900 };
        var context = await _browser!.NewContextAsync(options);
        context.SetDefaultTimeout(60_000);
        return context;
    }

    /// <summary>What axe finds wrong with a page, a line each.</summary>
    internal static async Task<IReadOnlyList<string>> ViolationsAsync(IPage page)
    {
        var script = Path.Combine(Root, "tests", "Support", "axe", "node_modules", "axe-core", "axe.min.js");
        if (!File.Exists(script)) Missing("axe-core is not installed (npm ci in tests/Support/axe).");
        // Evaluated by the browser's debugger: the page's own rules let no foreign script in.
        await page.EvaluateAsync(await File.ReadAllTextAsync(script));
        var found = await page.EvaluateAsync<JsonElement>("async () => (await axe.run()).violations.map(v => `${v.id} (${v.impact}): ${v.nodes.map(n => n.target.join(' ')).join(', ')}`)");
        return [.. found.EnumerateArray().Select(v => v.GetString()!)];
    }

    static void Missing(string reason)
    {
        if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 }) Assert.Fail(reason);
        Assert.Skip(reason);
    }

    static string? Program() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(f => new[] { Path.Combine(f, "chromium"), Path.Combine(f, "chromium-browser"), Path.Combine(f, "google-chrome") }).FirstOrDefault(File.Exists);
}
