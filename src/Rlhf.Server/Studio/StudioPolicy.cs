using Microsoft.AspNetCore.Http;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Studio;

/// <summary>
/// What Studio's document may do beyond every other page: it alone, since it stands in a frame of its own. WebAssembly is compiled (<c>wasm-unsafe-eval</c>, which
/// lets no script be made of text); MudBlazor, Radzen, the canvas and Monaco write styles into elements; pictures and Monaco's symbol font come as data, and Monaco's workers as blobs; Blazor needs the base address that
/// its files lie under. Nothing of it leaves the origin.
/// </summary>
static class StudioPolicy
{
    // The editor and the list of instances each bring one script in their markup, for the keys that save and reload: these two, by their text, and no other.
    const string KeysOfEditor = "'sha256-snlP1jz0gjwc5cTz9ErZcliXuCK63+Mmf68RRCeptgc='", KeysOfInstances = "'sha256-vu6sQrKXQHR4Yn3FMMihA/9TxxfIXnCxKwvLrTPJ5ts='";

    public const string OfApp =
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' " + KeysOfEditor + " " + KeysOfInstances + "; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        + "worker-src 'self' blob:; base-uri 'self'; form-action 'none'; frame-ancestors 'self'";

    /// <summary>The page around it: as every other one, with a frame of this server's.</summary>
    public const string OfShell = SecurityHeaders.ContentPolicy + "; frame-src 'self'";

    /// <summary>For the document that may stand in a frame, of this server only.</summary>
    public static void LetFrame(HttpContext context)
    {
        context.Response.Headers.ContentSecurityPolicy = OfApp;
        context.Response.Headers.XFrameOptions = "SAMEORIGIN";
    }
}
