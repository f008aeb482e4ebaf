namespace Rlhf.Adapters.Mlflow;

/// <summary>Where artifacts lie behind the server's proxy.</summary>
static class ArtifactPath
{
    const string Scheme = "mlflow-artifacts:";

    /// <summary>The path below the proxy's root of a file or folder (empty: the root itself of what the URI names), not escaped.</summary>
    /// <exception cref="ArgumentException">The artifacts are not behind this server's proxy, or the path is not a plain relative one.</exception>
    public static string Of(Uri server, string artifactUri, string path)
    {
        if (!artifactUri.StartsWith(Scheme, StringComparison.Ordinal))
            throw new ArgumentException($"The artifacts at '{artifactUri}' are not behind the server's proxy; expected an '{Scheme}/…' URI, which a server with --serve-artifacts gives.");
        var root = artifactUri[Scheme.Length..];
        if (root.StartsWith("//", StringComparison.Ordinal))
        {
            var authority = root[2..].Split('/')[0];
            if (authority.Length > 0 && !string.Equals(authority, server.Authority, StringComparison.OrdinalIgnoreCase))
                throw new ArgumentException($"The artifacts at '{artifactUri}' lie behind another server than {server.Authority}; expected this one.");
            root = root[(2 + authority.Length)..];
        }
        root = root.Trim('/');
        if (root.Length > 0) Check(root);
        if (path.Length > 0) Check(path);
        return root.Length == 0 || path.Length == 0 ? root + path : $"{root}/{path}";
    }

    /// <summary>Each part of the path escaped for an address.</summary>
    public static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    // The server decodes a name until nothing is left to decode, so that one with a percent sign would be stored as another; it refuses the
    // rest itself.
    static void Check(string path)
    {
        FieldRules.Characters("artifact path", path);
        if (path.Split('/').Any(part => part is "" or "." or "..") || path.IndexOfAny(['%', '#', '\\']) >= 0 || path.Any(char.IsControl) || path is [_, ':', ..])
            throw new ArgumentException($"'{path}' is not an artifact path; expected parts separated by single slashes, without '.', '..', '%', '#', '\\' and control characters.");
    }
}
