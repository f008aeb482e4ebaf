using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Preferences;

static class PreferenceSets
{
    public static Task<List<PreferencePair>> ReadPairsAsync(this ArtifactStore artifacts, ArtifactRef preferences, CancellationToken cancellationToken) =>
        artifacts.ReadLinesAsync<PreferencePair>(preferences, "pairs.jsonl", cancellationToken);
}
