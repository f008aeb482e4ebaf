using Rlhf.Adapters.Labeling;
using Rlhf.Adapters.Labeling.Argilla;
using Rlhf.Adapters.Labeling.LabelStudio;
using Rlhf.Cli.Workflows;
using Rlhf.Server.Hooks;
using Rlhf.Steps.Labeling;

namespace Rlhf.Cli.Stores;

/// <summary>Labelers that are other programs, and what is said of them in the environment.</summary>
static class ToolSettings
{
    const string ArgillaSecret = "ARGILLA_WEBHOOK_SECRET", LabelStudioSecret = "LABEL_STUDIO_WEBHOOK_SECRET", PollVariable = "RLHF_LABELING_POLL_SECONDS";

    /// <exception cref="ArgumentException">It is not configured, or a setting is malformed.</exception>
    public static ILabeler Argilla() => ToolLabelers.Argilla(
        ArgillaSettings.FromEnvironment(Settings.Text) ?? throw Missing(LabelingTools.Argilla, ArgillaSettings.AddressVariable, ArgillaSettings.KeyVariable),
        Guidelines, Poll, TimeProvider.System);

    /// <exception cref="ArgumentException">It is not configured, or a setting is malformed.</exception>
    public static ILabeler LabelStudio() => ToolLabelers.LabelStudio(
        LabelStudioSettings.FromEnvironment(Settings.Text) ?? throw Missing(LabelingTools.LabelStudio, LabelStudioSettings.AddressVariable, LabelStudioSettings.KeyVariable),
        Guidelines, Poll, TimeProvider.System);

    /// <summary>The secrets of webhooks: <c>ARGILLA_WEBHOOK_SECRET</c> as Argilla shows it once, <c>LABEL_STUDIO_WEBHOOK_SECRET</c> as it stands in the webhook's header.</summary>
    /// <exception cref="ArgumentException">One is malformed.</exception>
    public static HookSecrets Hooks => new()
    {
        Argilla = Settings.Text(ArgillaSecret) is { } signing ? HookSecrets.SigningKey(ArgillaSecret, signing) : null,
        LabelStudio = Settings.Text(LabelStudioSecret) is { } secret ? HookSecrets.HeaderSecret(LabelStudioSecret, secret) : null,
    };

    static GuidelinesFiles Guidelines => new(WorkflowFiles.Guidelines);

    /// <summary><c>RLHF_LABELING_POLL_SECONDS</c>: how often to look for answers where no webhook says that there are any; 1 to 86400, default 60.</summary>
    static TimeSpan Poll => Settings.Seconds(PollVariable, 60, 86_400);

    static ArgumentException Missing(string labeler, string address, string key) =>
        new($"Labeler '{labeler}' needs its server's address in {address} and a key in {key}; {address} is not set.");
}
