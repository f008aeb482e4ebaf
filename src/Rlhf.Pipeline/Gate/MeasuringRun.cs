using Rlhf.Learning.Optimization;
using Rlhf.Pipeline.Sampling;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Gate;

/// <summary>
/// Numbers of many texts, one after the other by model, in batches of about the same length. Every batch can be a checkpoint, and a resume goes on behind
/// it: what was computed is one list in the order of computing, which texts and batch size alone settle.
/// </summary>
/// <param name="total">Numbers there will be.</param>
/// <param name="written">Completions of the reference policy, which the checkpoints keep.</param>
/// <param name="done">Numbers of an earlier attempt.</param>
sealed class MeasuringRun(StepContext context, int batchSize, int total, IReadOnlyList<Completion> written, List<double> done)
{
    const string NumbersFile = "numbers.json";

    int _taken;

    /// <summary>A number of each text, in the order of the texts.</summary>
    /// <param name="lengths">Of the texts, in tokens.</param>
    /// <param name="measure">Numbers of the texts with these indices; not asked for where an earlier attempt has them.</param>
    /// <param name="what">What is measured, for people.</param>
    /// <exception cref="InvalidDataException">A number is not finite.</exception>
    public async Task<double[]> NumbersAsync(IReadOnlyList<int> lengths, Func<int[], IReadOnlyList<double>> measure, string what, CancellationToken cancellationToken)
    {
        var order = Enumerable.Range(0, lengths.Count).OrderBy(i => lengths[i]).ThenBy(i => i).ToArray();
        foreach (var rows in order.Chunk(batchSize).Index().Where(b => done.Count <= _taken + b.Index * batchSize).Select(b => b.Item))
        {
            cancellationToken.ThrowIfCancellationRequested();
            done.AddRange(Measured(rows, measure));
            context.Progress((double)done.Count / total, $"{what}: {done.Count} of {total} texts");
            if (context.Checkpoints.Due && done.Count < total)
                await context.Checkpoints.SaveAsync(written.Count + done.Count, Files(), cancellationToken);
        }
        var numbers = new double[lengths.Count];
        foreach (var (index, row) in order.Index()) numbers[row] = done[_taken + index];
        _taken += lengths.Count;
        return numbers;
    }

    static IReadOnlyList<double> Measured(int[] rows, Func<int[], IReadOnlyList<double>> measure)
    {
        try
        {
            return measure(rows);
        }
        catch (NonFiniteException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    Dictionary<string, byte[]> Files() => new()
    {
        [CompletionSampler.CompletionsFile] = JsonLines.Serialize(written),
        [NumbersFile] = CanonicalJson.Serialize(done),
    };

    /// <summary>What an earlier attempt has left: completions of the reference policy and, where these were all there, numbers.</summary>
    public static async Task<(List<Completion> Written, List<double> Numbers)> ResumeAsync(StepContext context, CancellationToken cancellationToken)
    {
        if (await context.Checkpoints.LoadAsync(cancellationToken) is not { } checkpoint) return ([], []);
        var (written, numbers) = (new List<Completion>(), new List<double>());
        foreach (var (file, content) in checkpoint.Files)
        {
            using var copy = new MemoryStream();
            await using (content) await content.CopyToAsync(copy, cancellationToken);
            if (file == NumbersFile) numbers = CanonicalJson.Deserialize<List<double>>(copy.ToArray(), "the checkpoint's numbers");
            else written = JsonLines.Deserialize<Completion>(copy.ToArray(), "the checkpoint's completions");
        }
        return (written, numbers);
    }
}
