using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Rlhf.Adapters.Resilience;

namespace Rlhf.Adapters.Labeling.LabelStudio;

/// <summary>
/// Which Label Studio server, as whom, and, for the Enterprise edition, which workspace; address and key by the names that its Python client uses. A key is a
/// personal access token, which is exchanged for short-lived ones, or a legacy token. Its text never shows the key.
/// </summary>
public sealed record LabelStudioSettings
{
    public const string AddressVariable = "LABEL_STUDIO_URL", KeyVariable = "LABEL_STUDIO_API_KEY", WorkspaceVariable = "LABEL_STUDIO_WORKSPACE";

    LabelStudioSettings(ToolConnection connection, int? workspace) => (Connection, Workspace) = (connection, workspace);

    public Uri Address => Connection.Address;

    /// <summary>Number of the workspace that projects are made in; null for none, as the Community edition has none.</summary>
    public int? Workspace { get; }

    internal ToolConnection Connection { get; }

    public override string ToString() => $"{Connection}{(Workspace is null ? "" : $", workspace {Workspace}")}";

    /// <summary>The settings by a lookup of variables (null or empty for one that is not set), or null where <c>LABEL_STUDIO_URL</c> is not set.</summary>
    /// <exception cref="ArgumentException">A variable holds what cannot be used, or the key is missing.</exception>
    public static LabelStudioSettings? FromEnvironment(Func<string, string?> variable)
    {
        string? Set(string name) => variable(name) is { Length: > 0 } value ? value : null;
        if (Set(AddressVariable) is not { } text) return null;
        var address = ToolConnection.AddressOf(AddressVariable, text);
        var key = ToolConnection.KeyOf(KeyVariable, Set(KeyVariable), AddressVariable);
        int? workspace = Set(WorkspaceVariable) is not { } number ? null
            : int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed
            : throw new ArgumentException($"{WorkspaceVariable} is '{number}'; expected the number of a workspace.");
        // A personal access token is a JSON Web Token, a legacy one has no dots.
        IToolKey sign = key.Count(c => c == '.') == 2 ? new PersonalToken(address, key) : new LegacyToken(key);
        return new(new("Label Studio", AddressVariable, KeyVariable, address) { Key = sign }, workspace);
    }

    sealed class LegacyToken(string key) : IToolKey
    {
        public Task SignAsync(HttpRequestMessage message, HttpClient http, CancellationToken cancellationToken)
        {
            message.Headers.Authorization = new("Token", key);
            return Task.CompletedTask;
        }

        public bool Refused() => false;
    }

    sealed class PersonalToken(Uri address, string key) : IToolKey
    {
        volatile string? _access;

        public async Task SignAsync(HttpRequestMessage message, HttpClient http, CancellationToken cancellationToken) =>
            message.Headers.Authorization = new("Bearer", _access ??= await RefreshAsync(http, cancellationToken));

        public bool Refused()
        {
            _access = null;
            return true;
        }

        async Task<string> RefreshAsync(HttpClient http, CancellationToken cancellationToken)
        {
            using var answer = await http.PostAsJsonAsync(new Uri(address, "api/token/refresh/"), new JsonObject { ["refresh"] = key }, cancellationToken);
            var said = $"Label Studio answered {(int)answer.StatusCode} to POST /api/token/refresh/";
            if (Pipelines.IsTransient((int)answer.StatusCode)) throw new HttpRequestException(said, null, answer.StatusCode);
            if (!answer.IsSuccessStatusCode) throw new InvalidDataException($"{said}; does {KeyVariable} hold a personal access token that is valid?");
            var access = (await answer.Content.ReadFromJsonAsync<JsonObject>(cancellationToken))?["access"]?.GetValue<string>();
            return access ?? throw new InvalidDataException("Label Studio's answer to POST /api/token/refresh/ has no 'access'; expected a token.");
        }
    }
}
