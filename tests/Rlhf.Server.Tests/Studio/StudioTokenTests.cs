using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Rlhf.Runtime.Access;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Studio;

/// <summary>The token by which the requests of Studio's elements are those of this server's own page.</summary>
public sealed class StudioTokenTests
{
    const string Unknown = "/elsa/api/bulk-actions/publish/workflow-definitions/by-definition-ids";

    [Fact]
    public async Task The_elements_token_and_the_session_together_change_something_and_neither_does_alone()
    {
        await using var place = await Place.OpenAsync(change: StudioPagesTests.WithStudio);
        using var opal = new Browser(place);
        await opal.SignInAsync(await place.KeyAsync("opal", Role.Operator));
        using var other = new Browser(place);
        await other.SignInAsync(await place.KeyAsync("oscar", Role.Operator));
        var (token, others) = (await opal.TokenAsync(), await other.TokenAsync());

        // The gate lets it pass: what is posted is nothing that this path takes.
        Assert.NotEqual(HttpStatusCode.Forbidden, await opal.PostAsync(Unknown, token));
        Assert.Equal(HttpStatusCode.Forbidden, await opal.PostAsync(Unknown, null));
        Assert.Equal(HttpStatusCode.Forbidden, await opal.PostAsync(Unknown, others));
        Assert.Equal(HttpStatusCode.Forbidden, await opal.PostAsync(Unknown, "page_"));
        Assert.Equal(HttpStatusCode.Forbidden, await opal.PostAsync(Unknown, token, "cross-site"));
        Assert.Equal(HttpStatusCode.Forbidden, await opal.PostAsync(Unknown, token, "same-site"));
        using var nobody = new Browser(place);
        Assert.Equal(HttpStatusCode.Unauthorized, await nobody.PostAsync(Unknown, token));
    }

    [Fact]
    public async Task The_elements_token_is_no_key_and_no_token_of_any_other_page()
    {
        await using var place = await Place.OpenAsync(change: StudioPagesTests.WithStudio);
        using var opal = new Browser(place);
        await opal.SignInAsync(await place.KeyAsync("opal", Role.Operator));
        var token = await opal.TokenAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, await opal.PostAsync("/api/labeling/assignments", token));
        Assert.Equal(HttpStatusCode.Forbidden, await opal.PostAsync("/api/labeling/assignments", null, header: token));
        Assert.Equal(HttpStatusCode.Unauthorized, (await place.SendAsync("GET", "/api/overview", token)).Status);
    }

    [Theory]
    [InlineData("http://elsewhere.example", "cross-site")]
    [InlineData("http://elsewhere.example", null)]
    [InlineData(null, null)]
    public async Task A_WebSocket_is_opened_by_this_servers_own_pages_only(string? origin, string? from)
    {
        await using var place = await Place.OpenAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health");
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Cookie", "rlhf-session=x");
        if (origin is not null) request.Headers.TryAddWithoutValidation("Origin", origin);
        if (from is not null) request.Headers.TryAddWithoutValidation("Sec-Fetch-Site", from);

        using var response = await place.RawAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task A_viewers_token_lets_a_viewer_change_nothing()
    {
        await using var place = await Place.OpenAsync(change: StudioPagesTests.WithStudio);
        using var vera = new Browser(place);
        await vera.SignInAsync(await place.KeyAsync("vera", Role.Viewer));

        Assert.Equal(HttpStatusCode.Forbidden, await vera.PostAsync(Unknown, await vera.TokenAsync()));
    }

    /// <summary>A browser of a person, as far as cookies and the headers that say where a request comes from go.</summary>
    sealed class Browser : IDisposable
    {
        readonly HttpClient _client;

        public Browser(Place place) => _client = new(new HttpClientHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = new(place.Address) };

        public async Task SignInAsync(string key)
        {
            var page = await _client.GetStringAsync("/sign-in");
            var token = Regex.Match(page, "name=\"antiforgery\" value=\"([^\"]+)\"").Groups[1].Value;
            using var response = await _client.PostAsync("/sign-in", new FormUrlEncodedContent(new Dictionary<string, string> { ["key"] = key, ["antiforgery"] = token }));
            Assert.Equal(HttpStatusCode.SeeOther, response.StatusCode);
        }

        public async Task<string> TokenAsync() => Regex.Match(await _client.GetStringAsync("/studio/app/"), "data-token=\"([^\"]+)\"").Groups[1].Value;

        public async Task<HttpStatusCode> PostAsync(string path, string? token, string from = "same-origin", string? header = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("[]", Encoding.UTF8, "application/json") };
            request.Headers.Add("Sec-Fetch-Site", from);
            if (token is not null) request.Headers.Authorization = new("Bearer", token);
            if (header is not null) request.Headers.Add("X-Antiforgery", header);
            using var response = await _client.SendAsync(request);
            return response.StatusCode;
        }

        public void Dispose() => _client.Dispose();
    }
}
