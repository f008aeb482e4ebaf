using Rlhf.Runtime;
using Rlhf.Server.Labeling;

namespace Rlhf.Server.Hosting;

/// <summary>What every request may need.</summary>
/// <param name="IsLoopback">True where only this machine can reach the server.</param>
sealed record Site(WorkflowRuntime Runtime, ServerOptions Options, GuidelinesFolder Guidelines, TimeProvider Time, bool IsLoopback, Action<string> Log)
{
    /// <summary>Cookies go over https only, where people come by https.</summary>
    public bool HasSecureCookies => Options.PublicUrl?.Scheme == Uri.UriSchemeHttps;
}
