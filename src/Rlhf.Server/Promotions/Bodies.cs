using Microsoft.AspNetCore.Http;
using Rlhf.Server.Labeling;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Server.Promotions;

/// <param name="Policy">An artifact or a name, such as <c>policy@12</c>.</param>
sealed record AskBody(string Policy)
{
    /// <summary>The header by which who asks twice gets one promotion.</summary>
    public const string KeyHeader = "Idempotency-Key";

    const int LongestName = 200;

    /// <summary>Whose champion the policy is to become; null: that of the server's own environment.</summary>
    public string? Environment { get; init; }

    public string? Comment { get; init; }

    /// <exception cref="ArgumentException">A field is not what was expected.</exception>
    public AskBody Checked() => new(
        Policy.Length is >= 1 and <= LongestName ? Policy : throw new ArgumentException($"'policy' is '{Texts.Short(Policy)}'; expected a policy, such as policy@12."))
    {
        Environment = Environment is null or { Length: >= 1 and <= 60 } && Environment?.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-') != false ? Environment
            : throw new ArgumentException($"'environment' is '{Texts.Short(Environment)}'; expected lowercase letters, digits and dashes, such as prod."),
        Comment = Texts.Optional("comment", Comment),
    };

    /// <exception cref="ArgumentException">The header is missing or malformed.</exception>
    public static string KeyOf(HttpContext context) =>
        context.Request.Headers[KeyHeader] is [{ Length: >= 8 and <= 100 } key] && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':') ? key
        : throw new ArgumentException($"The header {KeyHeader} is '{Texts.Short(context.Request.Headers[KeyHeader].ToString())}'; expected 8 to 100 letters, digits, dashes, dots, colons and underscores, the same for the same promotion.");
}

/// <param name="Approves">False for a rejection, which ends the promotion and needs a comment.</param>
/// <param name="Evidence">The evidence that the approver has seen, or its hash.</param>
sealed record ApprovalBody(bool Approves, string Evidence)
{
    public string? Comment { get; init; }

    /// <exception cref="ArgumentException">A field is not what was expected.</exception>
    public ApprovalBody Checked() => this with { Evidence = EvidenceOf().ToString(), Comment = Texts.Optional("comment", Comment) };

    /// <exception cref="ArgumentException">It is none.</exception>
    public ArtifactRef EvidenceOf()
    {
        try
        {
            return ArtifactRef.Parse(Evidence.Contains('/', StringComparison.Ordinal) ? Evidence : $"evidence/{Evidence}");
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"'evidence' is '{Texts.Short(Evidence)}'; expected the evidence that the approver has seen, as the promotion names it.", e);
        }
    }
}
