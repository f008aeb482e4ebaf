namespace Rlhf.Adapters.Labeling;

/// <summary>Where a tool is and how to speak as whom; its text never shows the key.</summary>
/// <param name="Title">The tool as people write it.</param>
/// <param name="KeyVariable">The variable that holds the key.</param>
/// <param name="AddressVariable">The variable that holds the address.</param>
/// <param name="Address">Ends in a slash.</param>
sealed record ToolConnection(string Title, string AddressVariable, string KeyVariable, Uri Address)
{
    internal required IToolKey Key { get; init; }

    public override string ToString() => $"{Title} at {Address}";

    /// <exception cref="ArgumentException">It is no address of a server.</exception>
    public static Uri AddressOf(string variable, string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            throw new ArgumentException($"{variable} is not the address of a server; expected such as https://labeling.example.");
        if (uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            throw new ArgumentException($"{variable} ({uri.Host}) has a user, a query or a fragment; expected a server's address with at most a path.");
        return new(uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/') + "/");
    }

    /// <exception cref="ArgumentException">It is missing or cannot go into a header.</exception>
    public static string KeyOf(string variable, string? text, string because)
    {
        if (text is null) throw new ArgumentException($"{variable} is not set although {because} is; expected a key of somebody who may make datasets.");
        return text.All(c => c is > ' ' and < (char)0x7F) ? text : throw new ArgumentException($"{variable} holds white space or characters outside ASCII; expected a key as it goes into a header.");
    }
}

/// <summary>How a request says who sends it.</summary>
interface IToolKey
{
    /// <summary>Signs a request; may ask the tool for something first.</summary>
    Task SignAsync(HttpRequestMessage message, HttpClient http, CancellationToken cancellationToken);

    /// <summary>The tool did not know the sender; true where another try may help.</summary>
    bool Refused();
}
