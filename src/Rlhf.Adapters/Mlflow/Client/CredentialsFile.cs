namespace Rlhf.Adapters.Mlflow;

/// <summary>The user and password in <c>~/.mlflow/credentials</c>, as Python's configparser reads them; either may be missing.</summary>
sealed record CredentialsFile(string? User, string? Password)
{
    /// <exception cref="InvalidDataException">The file cannot be read, or has a line that is no section, key or comment.</exception>
    public static CredentialsFile Read(string path)
    {
        if (!File.Exists(path)) return new(null, null);
        string? section = null, user = null, password = null;
        var number = 0;
        foreach (var line in Lines(path))
        {
            number++;
            var text = line.Trim();
            if (text.Length == 0 || text[0] is '#' or ';') continue;
            if (text[0] == '[' && text[^1] == ']')
            {
                section = text[1..^1];
                continue;
            }
            var end = text.IndexOfAny(['=', ':']);
            // Not the line itself: it may be half a password.
            if (end <= 0 || section is null) throw new InvalidDataException($"Line {number} of {path} is no section, key or comment; expected [mlflow] and lines such as mlflow_tracking_username = name.");
            if (section != "mlflow") continue;
            var value = text[(end + 1)..].Trim().Replace("%%", "%", StringComparison.Ordinal);
            switch (text[..end].Trim().ToLowerInvariant())
            {
                case "mlflow_tracking_username": user = value; break;
                case "mlflow_tracking_password": password = value; break;
            }
        }
        return new(user, password);
    }

    static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"MLflow's credentials file {path} cannot be read: {e.Message}", e);
        }
    }
}
