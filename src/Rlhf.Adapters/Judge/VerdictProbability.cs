using System.Text;
using OpenAI.Chat;

namespace Rlhf.Adapters.Judge;

/// <summary>
/// How probable the judge's own tokens make each verdict: where the value of <c>better</c> begins, its alternatives by their first letters, among the
/// three verdicts alone. What the endpoint lists neither there nor at all has no share.
/// </summary>
static class VerdictProbability
{
    /// <returns>That the first one shown is the better one, a tie being half; null where the tokens are not the text's, or none of them is a verdict's.</returns>
    public static double? OfFirst(IReadOnlyList<ChatTokenLogProbabilityDetails> tokens, string text, int offset)
    {
        var pieces = tokens.Select(t => Bytes(t.Token, t.Utf8Bytes)).ToList();
        if (tokens.Count == 0 || !pieces.SelectMany(p => p).SequenceEqual(Encoding.UTF8.GetBytes(text))) return null;
        var (index, begin) = (0, 0);
        while (begin + pieces[index].Length <= offset) begin += pieces[index++].Length;

        var before = pieces[index][..(offset - begin)];
        Dictionary<string, double> alternatives = new() { [Convert.ToHexString(pieces[index])] = tokens[index].LogProbability };
        foreach (var top in tokens[index].TopLogProbabilities) alternatives.TryAdd(Convert.ToHexString(Bytes(top.Token, top.Utf8Bytes)), top.LogProbability);
        var shares = new double[JudgeAnswer.Values.Length];
        foreach (var (hex, logarithm) in alternatives)
            if (VerdictOf(Convert.FromHexString(hex), before) is { } verdict) shares[verdict] += Math.Exp(logarithm);
        var all = shares.Sum();
        return all > 0 && double.IsFinite(all) ? (shares[(int)Shown.First] + shares[(int)Shown.Tie] / 2) / all : null;
    }

    static int? VerdictOf(byte[] piece, byte[] before)
    {
        if (piece.Length <= before.Length || !piece.AsSpan().StartsWith(before)) return null;
        var rest = Encoding.UTF8.GetString(piece.AsSpan(before.Length));
        var verdict = Array.FindIndex(JudgeAnswer.Values, v => v.StartsWith(rest, StringComparison.Ordinal) || rest.StartsWith($"{v}\"", StringComparison.Ordinal));
        return verdict < 0 ? null : verdict;
    }

    static byte[] Bytes(string token, ReadOnlyMemory<byte>? utf8) => utf8 is { Length: > 0 } bytes ? bytes.ToArray() : Encoding.UTF8.GetBytes(token);
}
