using System.Net;

namespace Rlhf.Server.Tests.Support;

/// <summary>A browser as far as cookies and redirections go, a step at a time.</summary>
sealed class Visitor : IDisposable
{
    readonly HttpClient _client;

    public Visitor(Place place) =>
        _client = new(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = Cookies, UseProxy = false }) { BaseAddress = new(place.Address) };

    public CookieContainer Cookies { get; } = new();

    public async Task<Seen> GetAsync(string address)
    {
        using var response = await _client.GetAsync(address);
        return new(response.StatusCode, response.Headers.Location?.OriginalString, await response.Content.ReadAsStringAsync(),
            response.Headers.TryGetValues("Set-Cookie", out var cookies) ? [.. cookies] : [],
            response.Headers.TryGetValues("Refresh", out var refresh) ? refresh.Single() : null);
    }

    /// <summary>Sends a form; returns where it leads.</summary>
    public async Task<string?> SendAsync(string address, Dictionary<string, string> form)
    {
        using var response = await _client.PostAsync(address, new FormUrlEncodedContent(form));
        return response.Headers.Location?.OriginalString;
    }

    /// <summary>To the issuer and back, as far as the address that the issuer sends the browser to.</summary>
    public async Task<string> ToCallbackAsync(string begins = "/sign-in/oidc")
    {
        var begun = await GetAsync(begins);
        Assert.Equal(HttpStatusCode.Redirect, begun.Status);
        return (await GetAsync(begun.Location!)).Location!;
    }

    public async Task<Seen> SignInAsync(string begins = "/sign-in/oidc") => await GetAsync(await ToCallbackAsync(begins));

    public void Dispose() => _client.Dispose();
}

/// <summary>What a browser was answered.</summary>
sealed record Seen(HttpStatusCode Status, string? Location, string Text, IReadOnlyList<string> Cookies, string? Refresh)
{
    /// <summary>The page's own text of what went wrong.</summary>
    public string Error => WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Match(Text, "id=\"error\">([^<]*)<").Groups[1].Value);
}
