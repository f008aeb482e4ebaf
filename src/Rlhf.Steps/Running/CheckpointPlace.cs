using System.Globalization;

namespace Rlhf.Steps.Running;

/// <summary>
/// Where one checkpoint lies below <c>checkpoints/key/</c>: its files are <c>epoch/number-attempt-sha256</c>, the pointer that makes them a
/// checkpoint is <c>epoch/number-attempt.json</c>. The attempt is drawn by each writer, so that no two writers ever share an object, not even
/// two instances that compute the same pure key under the same epoch. Places are in order of epoch, number, attempt; the greatest is the newest.
/// </summary>
readonly record struct CheckpointPlace(int Epoch, int Number, ulong Attempt) : IComparable<CheckpointPlace>
{
    /// <summary>
    /// The epoch of the layout before epochs: <c>number.json</c>, and files by hash beside it. An earlier version of the product may have
    /// left a step in it that this one resumes.
    /// </summary>
    const int Unfenced = -1;

    public string Pointer => Epoch == Unfenced ? $"{Number:D8}.json" : $"{Epoch:D6}/{Number:D8}-{Attempt:x16}.json";

    public string File(string sha256) => Epoch == Unfenced ? sha256 : $"{Epoch:D6}/{Number:D8}-{Attempt:x16}-{sha256}";

    public int CompareTo(CheckpointPlace other) => (Epoch, Number, Attempt).CompareTo((other.Epoch, other.Number, other.Attempt));

    /// <summary>The place that an object's name (below the key's folder) belongs to, and whether it is the pointer; null where it is no checkpoint's.</summary>
    public static (CheckpointPlace Place, bool IsPointer)? Parse(string name)
    {
        var isPointer = name.EndsWith(".json", StringComparison.Ordinal);
        var parts = (isPointer ? name[..^".json".Length] : name).Split('/', '-');
        return parts switch
        {
            // Which number an unfenced file belongs to is not in its name; the lowest: it is removed with whatever is newer.
            [var number] => Integer(number, 8) is { } n && isPointer ? (new(Unfenced, n, 0), true) : (new(Unfenced, 0, 0), false),
            [var epoch, var number, var attempt, ..] when Integer(epoch, 6) is { } e && Integer(number, 8) is { } n
                && ulong.TryParse(attempt, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var a) => (new(e, n, a), isPointer),
            _ => null,
        };
    }

    // More digits than the least are fine: the order is that of the numbers, not of the names.
    static int? Integer(string digits, int least) =>
        digits.Length >= least && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
