using System.Text.RegularExpressions;
using Azure.Identity;
using Azure.Storage.Blobs;

namespace Rlhf.Adapters.Blob;

/// <summary>
/// Which container holds the objects and how it is entered: by a connection string, a container's URL with a SAS, or a plain https URL and what
/// DefaultAzureCredential finds (managed identity, workload identity, <c>az login</c>). No text that this gives holds a secret.
/// </summary>
public sealed partial class BlobSettings
{
    public const string Variable = "RLHF_BLOB", ContainerVariable = "RLHF_BLOB_CONTAINER";

    readonly Func<BlobClientOptions, BlobContainerClient> _connect;

    BlobSettings(Func<BlobClientOptions, BlobContainerClient> connect, string prefix)
    {
        _connect = connect;
        Prefix = prefix;
        var bare = new BlobUriBuilder(connect(new()).Uri) { Sas = null, Query = "" };
        (Address, Container) = (bare.ToUri().ToString(), bare.BlobContainerName);
    }

    /// <summary>Where the settings come from, for messages.</summary>
    internal string Named { get; private set; } = Variable;

    /// <summary>The container's URL without credentials.</summary>
    public string Address { get; }

    /// <summary>The container's name.</summary>
    public string Container { get; }

    /// <summary>What stands before every object's name, ending in a slash, or empty.</summary>
    public string Prefix { get; }

    /// <summary>
    /// From <c>RLHF_BLOB</c>: a connection string with <c>RLHF_BLOB_CONTAINER</c> naming the container, or the container's URL. Folders after
    /// the container's name, in either, are a prefix of every name.
    /// </summary>
    /// <returns>Null where <c>RLHF_BLOB</c> is not set or empty.</returns>
    /// <exception cref="ArgumentException">A value is malformed; the message says which and what was expected.</exception>
    public static BlobSettings? FromEnvironment(Func<string, string?> variable) => From(variable, new(Variable, ContainerVariable));

    /// <summary>The same from two other variables, for another store.</summary>
    /// <inheritdoc cref="FromEnvironment"/>
    public static BlobSettings? From(Func<string, string?> variable, BlobVariables names)
    {
        var container = variable(names.Container) is { Length: > 0 } name ? name : null;
        if (variable(names.Place) is not { Length: > 0 } value)
            return container is null ? null : throw new ArgumentException($"{names.Container} is '{container}' but {names.Place} is not set; expected a connection string there.");
        var settings = value.Contains("://", StringComparison.Ordinal) && !value.Contains(';', StringComparison.Ordinal) ? FromUrl(value, container, names) : FromConnectionString(value, container, names);
        settings.Named = names.Place;
        return settings;
    }

    internal BlobContainerClient Connect(BlobClientOptions options) => _connect(options);

    public override string ToString() => Prefix.Length == 0 ? Address : $"{Address}/{Prefix}";

    static BlobSettings FromConnectionString(string value, string? container, BlobVariables names)
    {
        if (container is null)
            throw new ArgumentException($"{names.Place} is a connection string, which names no container; set {names.Container} to the container's name.");
        var (name, prefix) = Split(container, names.Container);
        try
        {
            return new(options => new(value, name, options), prefix);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            // The SDK's own message may repeat a part of the value, and so of the key.
            throw new ArgumentException(
                $"{names.Place} is no connection string and no container URL; expected such as DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net or https://account.blob.core.windows.net/container.");
        }
    }

    static BlobSettings FromUrl(string value, string? container, BlobVariables names)
    {
        if (!Uri.TryCreate(value, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
            throw new ArgumentException($"{names.Place} is no container URL; expected such as https://account.blob.core.windows.net/container.");
        if (uri.UserInfo.Length > 0)
            throw new ArgumentException($"{names.Place} holds a user name or password before its host; expected a SAS after a question mark, or nothing.");
        var parts = new BlobUriBuilder(uri);
        var path = $"{parts.BlobContainerName}/{parts.BlobName}".TrimEnd('/');
        if (path.Length == 0)
            throw new ArgumentException($"{names.Place} is the URL {uri.GetLeftPart(UriPartial.Path)}, which names no container; expected such as https://account.blob.core.windows.net/container.");
        if (container is not null && container.TrimEnd('/') != path)
            throw new ArgumentException($"{names.Container} is '{container}' but the URL in {names.Place} names '{path}'; set one of them only.");
        var (_, prefix) = Split(path, names.Place);
        var bare = new BlobUriBuilder(uri) { BlobName = "" };
        if (uri.Query.Contains("sig=", StringComparison.Ordinal)) return new(options => new(bare.ToUri(), options), prefix);
        if (uri.Query.Length > 1)
            throw new ArgumentException($"{names.Place} has a query that is no SAS (it has no sig); expected the container's URL with a whole SAS or with nothing after it.");
        if (uri.Scheme != "https")
            throw new ArgumentException($"{names.Place} is an http URL without a SAS; expected https, since Azure's credentials are sent over nothing else.");
        var credential = new Lazy<DefaultAzureCredential>(() => new());
        return new(options => new(bare.ToUri(), credential.Value, options), prefix);
    }

    static (string Container, string Prefix) Split(string path, string variable)
    {
        var parts = path.TrimEnd('/').Split('/');
        if (!ContainerName().IsMatch(parts[0]))
            throw new ArgumentException($"{variable} names the container '{parts[0]}'; expected 3 to 63 lowercase letters, digits and single dashes.");
        if (parts.Any(part => part is "" or "." or ".."))
            throw new ArgumentException($"{variable} names the folder '{path}'; expected a container and folders separated by single slashes.");
        return (parts[0], string.Concat(parts.Skip(1).Select(part => part + "/")));
    }

    [GeneratedRegex(@"^(?=.{3,63}\z)[a-z0-9]+(-[a-z0-9]+)*\z")]
    private static partial Regex ContainerName();
}

/// <summary>The variables that say where a container is: its place (connection string or URL), and its name where the place has none.</summary>
public sealed record BlobVariables(string Place, string Container);
