namespace Rlhf.Runtime.Lint;

/// <summary>
/// Something in a workflow file that would go wrong when it runs; the activity is the flowchart's id where no single one is meant.
/// </summary>
public sealed record Finding(string File, string Activity, string Reason)
{
    public override string ToString() => $"{File}: activity '{Activity}': {Reason}";
}
