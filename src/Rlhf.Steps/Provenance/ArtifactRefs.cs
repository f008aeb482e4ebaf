using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Provenance;

/// <summary>The artifact references that stand in a text or in the values of an object.</summary>
public static partial class ArtifactRefs
{
    public static IEnumerable<ArtifactRef> In(JsonObject values) => In(CanonicalJson.ToText(values));

    public static IEnumerable<ArtifactRef> In(string text) => Form().Matches(text).Select(m => ArtifactRef.Parse(m.Value)).Distinct();

    /// <summary>Everything that a record names: what went in, what came out, and what its hparams refer to.</summary>
    public static IEnumerable<ArtifactRef> Of(StepRecord record) => In(record.Inputs).Concat(In(record.Hparams)).Concat(In(record.Outputs));

    [GeneratedRegex(@"(?<![a-z0-9-])[a-z][a-z0-9-]*/[0-9a-f]{64}(?![0-9a-f])")]
    private static partial Regex Form();
}
