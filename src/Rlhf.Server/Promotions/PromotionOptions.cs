using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Promotions;

namespace Rlhf.Server.Promotions;

/// <summary>What promotions need of a store.</summary>
/// <param name="Objects">Where artifacts and promotions are.</param>
/// <param name="Keys">What signs approvals.</param>
/// <param name="Environment">Whose champion it is about where a request names no environment.</param>
/// <param name="Workflow">The workflow that does a promotion, by its file; inputs <c>policy</c>, <c>environment</c> and <c>requestedBy</c>.</param>
public sealed record PromotionOptions(IObjectStore Objects, IPromotionKeys Keys, string Environment, string Workflow);
