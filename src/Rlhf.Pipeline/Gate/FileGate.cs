using Rlhf.Steps.Gates;
using Rlhf.Steps.Labeling;

namespace Rlhf.Pipeline.Gate;

/// <summary>The gate on a file of judgements, whose side a is the challenger.</summary>
public static class FileGate
{
    /// <summary>Criteria that need more than judgements (KL, report card, …) are not evaluable. A file does not say when the criteria were fixed, so nothing is promoted by this verdict alone.</summary>
    public static GateVerdict Decide(JudgementFileContent content, GateCriteria criteria) => GateVerdicts.Of(criteria, GateEvidence.Of(content, criteria.Axis), new());
}
