namespace Rlhf.Runtime.Lint;

/// <summary>An error would go wrong when it runs; a warning is what Elsa runs all the same, in a way that is hardly meant.</summary>
public enum Severity { Error, Warning }

/// <summary>
/// Something in a workflow file that is not as it should be; the activity is the root's id where no single one is meant.
/// </summary>
public sealed record Finding(string File, string Activity, string Reason, Severity Severity = Severity.Error)
{
    public override string ToString() => $"{File}: activity '{Activity}': {Reason}";
}
