using System.Globalization;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Promotions;

/// <summary>How many people have to approve a promotion.</summary>
public interface IPromotionRules
{
    /// <summary>The name of the port in a step's services.</summary>
    const string Service = "promotion-rules";

    /// <summary>0 and up.</summary>
    int ApprovalsOf(string environment);
}

/// <summary>By environment; those that are not named: <c>sandbox</c> 0, <c>prod</c> 2, any other 1.</summary>
public sealed class PromotionRules(IReadOnlyDictionary<string, int> approvals, int? others = null) : IPromotionRules
{
    /// <summary>The variable that they are read from.</summary>
    public const string Variable = "RLHF_APPROVALS";

    const int Most = 20;

    public int ApprovalsOf(string environment) =>
        approvals.TryGetValue(environment, out var asked) ? asked : others ?? environment switch { Aliases.Sandbox => 0, "prod" => 2, _ => 1 };

    /// <summary>Such as <c>staging=1,prod=2</c>, or one number for all environments; null: none is named.</summary>
    /// <exception cref="ArgumentException">The text is none.</exception>
    public static PromotionRules Parse(string? text)
    {
        if (text is null) return new(new Dictionary<string, int>());
        if (Number(text) is { } all) return new(new Dictionary<string, int>(), all);
        var approvals = new Dictionary<string, int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split('=', 2, StringSplitOptions.TrimEntries) is not [{ Length: > 0 } environment, var count] || Number(count) is not { } asked)
                throw new ArgumentException($"{Variable} is '{text}': '{part}' is no number of approvals; expected such as staging=1,prod=2 or one number, each 0 to {Most}.");
            approvals[environment] = asked;
        }
        return new(approvals);
    }

    static int? Number(string text) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= Most ? number : null;
}
