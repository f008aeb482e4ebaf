namespace Rlhf.Steps.Judging;

/// <summary>
/// The name of an AI judge as a labeler: <c>judge:MODEL#PRINCIPLE</c>, or <c>judge:MODEL</c> for one that knows no principles. What decides its answers
/// is in the name, so that the judgements of one comparison by several principles are several labelers'.
/// </summary>
/// <param name="Model">A model's name, or the kind and first digits of an artifact, as <see cref="Data.Completion.Writer"/> has them.</param>
public sealed record JudgeName(string Model, string? Principle = null)
{
    const string Prefix = "judge:";

    /// <summary>Null for the name of somebody else.</summary>
    public static JudgeName? Parse(string labeler)
    {
        if (!labeler.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var (rest, hash) = (labeler[Prefix.Length..], labeler.LastIndexOf('#') - Prefix.Length);
        return hash < 0 ? new(rest) : new(rest[..hash], rest[(hash + 1)..]);
    }

    /// <summary>True where the writer of a completion is this judge's own model, however the completion came about.</summary>
    public bool Wrote(string writer) => writer == Model || writer.StartsWith($"{Model} (", StringComparison.Ordinal);

    public override string ToString() => Principle is null ? $"{Prefix}{Model}" : $"{Prefix}{Model}#{Principle}";
}
