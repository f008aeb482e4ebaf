namespace Rlhf.Adapters.Labeling.Argilla;

/// <summary>Which Argilla server (2.x), as whom, and which workspace; address and key by the names that its Python client uses. Its text never shows the key.</summary>
public sealed record ArgillaSettings
{
    public const string AddressVariable = "ARGILLA_API_URL", KeyVariable = "ARGILLA_API_KEY", WorkspaceVariable = "ARGILLA_WORKSPACE";

    ArgillaSettings(ToolConnection connection, string? workspace) => (Connection, Workspace) = (connection, workspace);

    public Uri Address => Connection.Address;

    /// <summary>Name of the workspace; null for the only one there is.</summary>
    public string? Workspace { get; }

    internal ToolConnection Connection { get; }

    public override string ToString() => $"{Connection}{(Workspace is null ? "" : $", workspace '{Workspace}'")}";

    /// <summary>The settings by a lookup of variables (null or empty for one that is not set), or null where <c>ARGILLA_API_URL</c> is not set.</summary>
    /// <exception cref="ArgumentException">A variable holds what cannot be used, or the key is missing.</exception>
    public static ArgillaSettings? FromEnvironment(Func<string, string?> variable)
    {
        string? Set(string name) => variable(name) is { Length: > 0 } value ? value : null;
        if (Set(AddressVariable) is not { } address) return null;
        var key = ToolConnection.KeyOf(KeyVariable, Set(KeyVariable), AddressVariable);
        return new(new("Argilla", AddressVariable, KeyVariable, ToolConnection.AddressOf(AddressVariable, address)) { Key = new ArgillaKey(key) }, Set(WorkspaceVariable));
    }

    sealed class ArgillaKey(string key) : IToolKey
    {
        public Task SignAsync(HttpRequestMessage message, HttpClient http, CancellationToken cancellationToken)
        {
            message.Headers.Add("X-Argilla-Api-Key", key);
            return Task.CompletedTask;
        }

        public bool Refused() => false;
    }
}
