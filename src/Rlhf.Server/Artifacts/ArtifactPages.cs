using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.Pages;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Server.Artifacts;

/// <summary><c>/artifacts/kind/sha256</c>: what an artifact holds and where it came from, and its files to be taken.</summary>
static class ArtifactPages
{
    public static IReadOnlyList<Route> Routes { get; } =
    [
        new("GET", ArtifactLinks.Prefix + "/{kind}/{sha}", Permission.View, RouteTable.Workflows, ShowAsync) { IsPage = true },
        new("GET", ArtifactLinks.Prefix + "/{kind}/{sha}/files/{**path}", Permission.View, RouteTable.Workflows, FileAsync),
    ];

    static async Task ShowAsync(HttpContext context)
    {
        if (await ArtifactAsync(context) is not { } artifact) return;
        var (site, caller, cancellationToken) = (SiteOf(context), Caller.Of(context)!, context.RequestAborted);
        var records = await context.RequestServices.GetRequiredService<StoredRecords>().AllAsync(cancellationToken);
        ReadableArtifact readable;
        try
        {
            readable = await ReadableArtifact.ReadAsync(new(site.Runtime.Objects), artifact, records, cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or ArtifactNotFoundException)
        {
            // It was there a moment ago: the store was changed from outside, which must be seen.
            await Answers.ErrorAsync(context, StatusCodes.Status409Conflict, e.Message);
            return;
        }
        await Html.WriteAsync<ArtifactPage>(context, new()
        {
            [nameof(ArtifactPage.Name)] = caller.Name,
            [nameof(ArtifactPage.IsLocal)] = caller.IsLocal,
            [nameof(ArtifactPage.HasPromotions)] = site.Options.Promotions is not null,
            [nameof(ArtifactPage.Token)] = Cookies.Token(context, site),
            [nameof(ArtifactPage.Artifact)] = readable,
            [nameof(ArtifactPage.Tracked)] = await TrackedAsync(site, readable, cancellationToken),
        });
    }

    /// <summary>The file as it is, to be kept and not to be shown: what a step wrote must not become a page of this server.</summary>
    static async Task FileAsync(HttpContext context)
    {
        if (await ArtifactAsync(context) is not { } artifact) return;
        var (artifacts, path) = (new ArtifactStore(SiteOf(context).Runtime.Objects), $"{context.Request.RouteValues["path"]}");
        if ((await artifacts.ManifestAsync(artifact, context.RequestAborted)).Files.FirstOrDefault(f => f.Path == path) is not { } file)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, $"{artifact.Short} has no file '{Labeling.Texts.Short(path)}'.");
            return;
        }
        Stream content;
        try
        {
            content = await artifacts.OpenFileAsync(artifact, file, context.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or ArtifactNotFoundException)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status409Conflict, e.Message);
            return;
        }
        await using (content)
        {
            var disposition = new ContentDispositionHeaderValue("attachment");
            disposition.SetHttpFileName(Path.GetFileName(path));
            context.Response.Headers.ContentDisposition = disposition.ToString();
            context.Response.Headers.CacheControl = "private, max-age=31536000, immutable";
            context.Response.ContentType = "application/octet-stream";
            context.Response.ContentLength = content.Length;
            await content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
    }

    /// <summary>The artifact that the path names, or null where it was answered that there is none.</summary>
    static async Task<ArtifactRef?> ArtifactAsync(HttpContext context)
    {
        var text = $"{context.Request.RouteValues["kind"]}/{context.Request.RouteValues["sha"]}";
        if (ArtifactLinks.TryParse(text) is { } artifact)
        {
            try
            {
                await new ArtifactStore(SiteOf(context).Runtime.Objects).ManifestAsync(artifact, context.RequestAborted);
                return artifact;
            }
            catch (ArtifactNotFoundException)
            {
                // Said below.
            }
        }
        await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, $"There is no artifact '{Labeling.Texts.Short(text)}' in this store.");
        return null;
    }

    /// <summary>Pages of the tracking server, by the keys of the steps that made the artifact.</summary>
    static async Task<IReadOnlyDictionary<string, Uri>> TrackedAsync(Site site, ReadableArtifact artifact, CancellationToken cancellationToken)
    {
        var pages = new Dictionary<string, Uri>();
        if (site.Options.Tracked is not { } tracked) return pages;
        foreach (var instance in artifact.Makers.Select(m => m.Instance).Distinct())
        {
            foreach (var (key, page) in await tracked(instance, cancellationToken)) pages[key] = page;
        }
        return pages;
    }

    static Site SiteOf(HttpContext context) => context.RequestServices.GetRequiredService<Site>();
}
