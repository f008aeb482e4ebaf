using System.Net;

namespace Rlhf.Adapters.Mlflow;

/// <summary>A stream from a position to its end, for one try of many: not closed with the request.</summary>
sealed class ArtifactContent(Stream content, long start) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        content.Position = start;
        await content.CopyToAsync(stream, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = content.Length - start;
        return true;
    }
}
