using System.Net;
using System.Text;

namespace Rlhf.Adapters.Mlflow;

public sealed partial class MlflowClient
{
    const string Proxy = "api/2.0/mlflow-artifacts/artifacts";

    sealed record ProxyListing
    {
        public IReadOnlyList<MlflowArtifact> Files { get; init; } = [];
    }

    sealed record ArtifactPage : Page
    {
        public string RootUri { get; init; } = "";
        public IReadOnlyList<MlflowArtifact> Files { get; init; } = [];
    }

    /// <summary>
    /// Stores a file through the server's proxy, in place of one of the same path. <paramref name="artifactUri"/> is a run's
    /// (<see cref="MlflowRunInfo.ArtifactUri"/>). The content is read from where it stands to its end, again for each try, and is not closed.
    /// One try must send it whole within the pipeline's time for a try.
    /// </summary>
    /// <exception cref="ArgumentException">The content cannot be sought, the path is no plain relative one, or the artifacts are not behind the proxy.</exception>
    public Task PutArtifactAsync(
        string artifactUri, string path, Stream content, string contentType = "application/octet-stream", CancellationToken cancellationToken = default)
    {
        if (!content.CanSeek) throw new ArgumentException($"The content of artifact '{path}' cannot be sought; expected a stream that can be read again.");
        var start = content.Position;
        return SendAsync(new MlflowRequest(HttpMethod.Put, Route(artifactUri, path))
        {
            Content = () => new ArtifactContent(content, start) { Headers = { ContentType = new(contentType) } },
        }, cancellationToken);
    }

    /// <summary>
    /// Writes a file's bytes into the destination from where it stands, and anew from there for each try: it must be one that can be sought and
    /// cut. After a failure what stands there is not the file.
    /// </summary>
    /// <exception cref="MlflowException">There is no such file (<see cref="MlflowErrors.DoesNotExist"/>), also where the server says 500 for that.</exception>
    public Task DownloadArtifactAsync(string artifactUri, string path, Stream destination, CancellationToken cancellationToken = default)
    {
        if (!destination.CanSeek) throw new ArgumentException($"The destination of artifact '{path}' cannot be sought; expected a file or memory.");
        var start = destination.Position;
        var request = new MlflowRequest(HttpMethod.Get, Route(artifactUri, path));
        return new MlflowCall<bool>(request, token => SendDownloadAsync(request, artifactUri, path, token), async (answer, token) =>
        {
            // A file that is a page comes as an attachment; a page that comes without is a login.
            if (answer.Content.Headers is { ContentType.MediaType: "text/html", ContentDisposition: null })
                throw MlflowFailure.NotMlflow(request, answer.StatusCode, Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync(token)));
            destination.Position = start;
            destination.SetLength(start);
            await CopyAsync(path, await answer.Content.ReadAsStreamAsync(token), destination, token);
            return true;
        }).RunAsync(_pipeline, cancellationToken);
    }

    /// <summary>All bytes of a small file.</summary>
    public async Task<byte[]> ReadArtifactAsync(string artifactUri, string path, CancellationToken cancellationToken = default)
    {
        var buffer = new MemoryStream();
        await DownloadArtifactAsync(artifactUri, path, buffer, cancellationToken);
        return buffer.ToArray();
    }

    /// <summary>What lies in a folder behind the proxy, with names relative to that folder; empty for a file and for what does not exist.</summary>
    public async Task<IReadOnlyList<MlflowArtifact>> ListProxyAsync(
        string artifactUri, string folder = "", CancellationToken cancellationToken = default) =>
        (await SendAsync<ProxyListing>(Listing(artifactUri, folder), cancellationToken)).Files;

    /// <summary>What lies in a folder of a run's artifacts, with paths relative to the run's artifacts, and where those are; works with any artifact store.</summary>
    public async Task<MlflowArtifacts> ListArtifactsAsync(string runId, string? folder = null, CancellationToken cancellationToken = default)
    {
        var pages = await PagesAsync<ArtifactPage>(
            token => Get("artifacts/list", ("run_id", FieldRules.Id("run", runId)), ("path", folder), ("page_token", token)), cancellationToken)
            .ToListAsync(cancellationToken);
        return new() { RootUri = pages[0].RootUri, Files = [.. pages.SelectMany(page => page.Files)] };
    }

    /// <summary>Removes a file behind the proxy, or a folder with all that is in it; no error where there is none.</summary>
    public Task DeleteArtifactAsync(string artifactUri, string path, CancellationToken cancellationToken = default) =>
        SendAsync(new MlflowRequest(HttpMethod.Delete, Route(artifactUri, path)) { GoneIsDone = true }, cancellationToken);

    // MLflow 2 says 500 for a file that is not there. So does a server that fails; what lies beside it tells them apart.
    async Task<HttpResponseMessage> SendDownloadAsync(MlflowRequest request, string artifactUri, string path, CancellationToken cancellationToken)
    {
        var answer = await SendOnceAsync(request, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.InternalServerError) return answer;
        try
        {
            if (!await IsMissingAsync(artifactUri, path, cancellationToken)) return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
        answer.Dispose();
        throw new MlflowException(request, MlflowErrors.DoesNotExist, $"there is no artifact '{path}' at {artifactUri}.", status: HttpStatusCode.InternalServerError) { Permanent = true };
    }

    // False where that cannot be told.
    async Task<bool> IsMissingAsync(string artifactUri, string path, CancellationToken cancellationToken)
    {
        var slash = path.LastIndexOf('/');
        var request = Listing(artifactUri, slash < 0 ? "" : path[..slash]);
        using var answer = await SendOnceAsync(request, cancellationToken);
        return answer.IsSuccessStatusCode
            && !(await ReadJsonAsync<ProxyListing>(request, answer, cancellationToken)).Files.Any(f => !f.IsDir && f.Path == path[(slash + 1)..]);
    }

    MlflowRequest Listing(string artifactUri, string folder) =>
        new(HttpMethod.Get, Proxy) { Query = [("path", ArtifactPath.Of(Address, artifactUri, folder) is { Length: > 0 } path ? path : null)] };

    string Route(string artifactUri, string path)
    {
        if (path.Length == 0) throw new ArgumentException("An artifact's path is empty; expected one such as report/card.md.");
        return $"{Proxy}/{ArtifactPath.Escape(ArtifactPath.Of(Address, artifactUri, path))}";
    }

    // Trouble with the destination is not the server's: it must not look like a lost connection.
    static async Task CopyAsync(string path, Stream source, Stream destination, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 16];
        for (int read; (read = await source.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            try
            {
                await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
            catch (IOException e)
            {
                throw new InvalidOperationException($"Artifact '{path}' could not be written to its destination: {e.Message}", e);
            }
        }
    }
}
