using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Rewards;

/// <summary>Rows of several texts each as right-padded tensors.</summary>
/// <param name="Tokens">[batch, time], int64.</param>
/// <param name="Positions">Of each token in its text, [batch, time], int64.</param>
/// <param name="Sees">Whether a token sees another one: [batch, time, time], bool.</param>
/// <param name="Ends">Where each text ends, in the order of rows and their endings, counted in tokens of the whole batch, int64.</param>
/// <param name="Extent">Tokens of the longest text.</param>
sealed record RowBatch(Tensor Tokens, Tensor Positions, Tensor Sees, Tensor Ends, int Extent)
{
    /// <summary>The tensors belong to the caller's dispose scope.</summary>
    public static RowBatch Pad(IReadOnlyList<ScoringRow> rows, int padId, Device device)
    {
        var time = rows.Max(r => r.Tokens);
        var (tokens, positions, parts, ends) = (new long[rows.Count * time], new long[rows.Count * time], new long[rows.Count * time], new List<long>());
        Array.Fill(tokens, padId);
        // Padding sees padding: a token that sees nothing at all has no attention.
        Array.Fill(parts, -1);
        foreach (var (i, row) in rows.Index())
        {
            var next = i * time;
            Write(row.Prefix, 0, part: 0);
            foreach (var (k, ending) in row.Endings.Index())
            {
                Write(ending, row.Prefix.Length, part: k + 1);
                ends.Add(next - 1);
            }

            void Write(int[] ids, int position, int part)
            {
                foreach (var id in ids) (tokens[next], positions[next], parts[next++]) = (id, position++, part);
            }
        }
        using var scope = NewDisposeScope();
        long[] shape = [rows.Count, time];
        var part = tensor(parts, shape, device: device);
        var seen = part.unsqueeze(1); // [batch, 1, time]
        var before = ones([time, time], ScalarType.Bool, device).tril();
        var sees = seen.eq(Number(0L)).logical_or(seen.eq(part.unsqueeze(2))).logical_and(before);
        return new(
            tensor(tokens, shape, device: device).MoveToOuterDisposeScope(), tensor(positions, shape, device: device).MoveToOuterDisposeScope(), sees.MoveToOuterDisposeScope(),
            tensor(ends.ToArray(), device: device).MoveToOuterDisposeScope(), rows.Max(r => r.Longest));
    }
}
