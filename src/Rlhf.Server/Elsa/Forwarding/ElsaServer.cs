namespace Rlhf.Server.Elsa.Forwarding;

/// <summary>The Elsa server whose workflows Studio shows here, in the place of this runtime's.</summary>
/// <param name="Api">Where its API is, such as <c>http://127.0.0.1:5090/elsa/api</c>; its hubs are beside it.</param>
/// <param name="Token">Sent to it as a bearer token, whoever asks here; null: none.</param>
public sealed record ElsaServer(Uri Api, string? Token)
{
    /// <summary>How long nothing may come before it counts as away. Default 100 s.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(100);

    string Base => Api.GetLeftPart(UriPartial.Path).TrimEnd('/');

    /// <summary>Address of what is asked for here.</summary>
    /// <param name="path">Escaped, below <see cref="ElsaApi.Prefix"/> or <see cref="ElsaApi.Hubs"/>, which it begins with.</param>
    internal Uri At(string path, string query)
    {
        var below = path.StartsWith(ElsaApi.Hubs, StringComparison.Ordinal) ? $"../hubs{path[ElsaApi.Hubs.Length..]}" : path[(ElsaApi.Prefix.Length + 1)..];
        return new(new Uri($"{Base}/"), below + query);
    }

    /// <summary>Without what a person must not read.</summary>
    public override string ToString() => Base;
}
