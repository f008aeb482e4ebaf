using Rlhf.Server.Promotions;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Server.Artifacts;

/// <summary>Where on this server there is more about an artifact.</summary>
static class ArtifactLinks
{
    public const string Prefix = "/artifacts";

    public static string Of(ArtifactRef artifact) => $"{Prefix}/{artifact.Kind}/{artifact.Sha256}";

    /// <summary>The page that people look for first: of a gate's decision that of the decision, of everything else that of the artifact. Null where the text is no reference.</summary>
    public static string? Find(string text)
    {
        if (TryParse(text) is not { } artifact) return null;
        return artifact.Kind == DecisionPages.Kind ? $"/decisions/{artifact.Sha256}" : Of(artifact);
    }

    public static string OfFile(ArtifactRef artifact, string path) => $"{Of(artifact)}/files/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}";

    /// <summary>Null where the text is no reference.</summary>
    public static ArtifactRef? TryParse(string text)
    {
        try
        {
            return ArtifactRef.Parse(text);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
