using Microsoft.AspNetCore.Http;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Studio;

/// <summary>
/// What Studio's document may do beyond every other page: it alone, since it stands in a frame of its own. WebAssembly is compiled (<c>wasm-unsafe-eval</c>, which
/// lets no script be made of text); MudBlazor, Radzen, the canvas and Monaco write styles into elements; pictures and Monaco's symbol font come as data; Blazor needs the base address that
/// its files lie under. Nothing of it leaves the origin.
/// </summary>
static class StudioPolicy
{
    public const string OfApp =
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        + "worker-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'self'";

    /// <summary>The page around it: as every other one, with a frame of this server's.</summary>
    public const string OfShell = SecurityHeaders.ContentPolicy + "; frame-src 'self'";

    /// <summary>For the document that may stand in a frame, of this server only.</summary>
    public static void LetFrame(HttpContext context)
    {
        context.Response.Headers.ContentSecurityPolicy = OfApp;
        context.Response.Headers.XFrameOptions = "SAMEORIGIN";
    }
}
