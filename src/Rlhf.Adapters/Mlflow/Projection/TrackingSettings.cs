using System.Text.RegularExpressions;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>What of a store goes where in MLflow.</summary>
public sealed partial record TrackingSettings
{
    /// <summary>The experiment of this project, 1 to 240 characters; the registered models are <c>experiment-policy</c> and <c>experiment-reward-model</c>.</summary>
    public string Experiment { get; init; } = "rlhf";

    /// <summary>
    /// What stands before <c>/manifests/kind/sha256.json</c> in the address of an artifact, such as the address of a container, without a
    /// query. MLflow refuses addresses of local folders as the source of a model version, so a folder's is <c>rlhf://</c> and a name.
    /// </summary>
    public string ArtifactRoot { get; init; } = "rlhf://store";

    /// <summary>How long a sender that was killed keeps others from sending the same; 60 s.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <exception cref="ArgumentException">A setting is out of its range; the message names it, its value and what was expected.</exception>
    public TrackingSettings Checked()
    {
        if (Experiment.Trim().Length is 0 or > 240)
            throw new ArgumentException($"The experiment's name is '{Experiment}'; expected 1 to 240 characters.");
        if (!Uri.TryCreate(ArtifactRoot, UriKind.Absolute, out var root) || root.IsFile || root.Query.Length > 0 || root.UserInfo.Length > 0)
            throw new ArgumentException(
                $"The address of the artifacts is '{Secrets.Clean(ArtifactRoot)}'; expected an absolute one, not of a local folder, without a query or a user, such as https://account.blob.core.windows.net/container.");
        if (Lease < TimeSpan.FromSeconds(1) || Lease > TimeSpan.FromHours(1))
            throw new ArgumentException($"The lease is {Lease}; expected a second to an hour.");
        return this;
    }

    /// <summary>Where the artifact's manifest lies.</summary>
    public string AddressOf(ArtifactRef artifact) => $"{ArtifactRoot.TrimEnd('/')}/manifests/{artifact}.json";

    /// <summary>The registered model of the policies or of the reward models.</summary>
    public string ModelOf(string name) => $"{NoModelName().Replace(Experiment, "-").Trim('-')}-{name}";

    [GeneratedRegex("[/:]+")]
    private static partial Regex NoModelName();
}

/// <summary>How an instance ended that wrote no report.</summary>
public enum RunOutcome { Finished, Failed, Cancelled }

/// <summary>That an instance ended, and when.</summary>
public sealed record RunEnd(RunOutcome Outcome, DateTimeOffset At);

/// <summary>Says how an instance ended; null while it still runs, waits, or is not known.</summary>
public delegate Task<RunEnd?> RunEnds(string instance, CancellationToken cancellationToken);
