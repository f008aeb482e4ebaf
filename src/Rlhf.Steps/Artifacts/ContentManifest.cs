using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Artifacts;

/// <summary>One file of an artifact: path with forward slashes, size in bytes, lowercase hexadecimal SHA-256.</summary>
public sealed record ManifestFile(string Path, long Size, string Sha256);

/// <summary>What an artifact is: kind, format version and its files sorted by path. Nothing of the run that made it stands here.</summary>
public sealed record ContentManifest(string Kind, int FormatVersion, IReadOnlyList<ManifestFile> Files)
{
    public byte[] ToBytes() =>
        CanonicalJson.Serialize(this with { Files = [.. Files.OrderBy(f => f.Path, StringComparer.Ordinal)] });

    [JsonIgnore]
    public ArtifactRef Ref => new(Kind, Convert.ToHexStringLower(SHA256.HashData(ToBytes())));
}
