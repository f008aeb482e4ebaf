using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Prompts;

static class PromptSets
{
    public static Task<List<Prompt>> ReadPromptsAsync(this ArtifactStore artifacts, ArtifactRef prompts, CancellationToken cancellationToken) =>
        artifacts.ReadLinesAsync<Prompt>(prompts, "prompts.jsonl", cancellationToken);

    /// <summary>Up to <paramref name="count"/> prompts in an order drawn by the seed.</summary>
    public static List<Prompt> Draw(this IEnumerable<Prompt> prompts, int count, long seed, string purpose) =>
        [.. prompts.OrderBy(p => Seeds.Uniform(seed, purpose, p.Id)).ThenBy(p => p.Id, StringComparer.Ordinal).Take(count)];

    /// <summary>The number that keys a prompt's randomness in sampling.</summary>
    public static ulong SamplingId(this Prompt prompt) => Convert.ToUInt64(prompt.Id, 16);
}
