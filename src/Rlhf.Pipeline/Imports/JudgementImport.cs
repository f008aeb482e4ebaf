using Rlhf.Pipeline.Comparisons;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Imports;

/// <summary>What was made of a file of pairs.</summary>
/// <param name="File">The file itself (kind <c>import</c>), which stands for the author of its texts.</param>
/// <param name="Prompts">Prompt set; each prompt once.</param>
/// <param name="Comparisons">The pairs, blind.</param>
/// <param name="Judgements">Which side is the better one; one for each pair that was kept.</param>
/// <param name="Pairs">Pairs that were kept.</param>
/// <param name="Counts">What else is to be said of the file.</param>
public sealed record ImportedJudgements(ArtifactRef File, ArtifactRef Prompts, ArtifactRef Comparisons, ArtifactRef Judgements, int Pairs, ImportCounts Counts);

/// <summary>Numbers of a file of pairs.</summary>
/// <param name="Identical">Lines dropped since both sides are the same text.</param>
/// <param name="Unpaired">Lines dropped since the sides are no two answers to the same turns.</param>
/// <param name="Repeated">Lines dropped since an earlier one says the same.</param>
/// <param name="Prompts">Different prompts.</param>
/// <param name="HeldOut">Those of them that are held out from training.</param>
/// <param name="MostTurns">Turns of the longest prompt.</param>
public sealed record ImportCounts(int Identical, int Unpaired, int Repeated, int Prompts, int HeldOut, int MostTurns);

/// <summary>
/// Makes prompts, comparisons and judgements of a file that says which of two answers is better, as <see cref="BuildPreferences"/> takes them.
/// </summary>
public static class JudgementImport
{
    // "Better": the file says neither slightly nor much.
    const int Strength = 2;

    /// <summary>Reads the whole file, then stores what it says; nothing is stored of a file with a broken line.</summary>
    /// <param name="artifacts">Where it is stored.</param>
    /// <param name="file">
    /// <c>.jsonl</c> or <c>.jsonl.gz</c>; one object a line with <c>chosen</c> and <c>rejected</c>, both texts or both lists of messages, and perhaps
    /// <c>prompt</c>.
    /// </param>
    /// <param name="labeler">Who judged; not empty.</param>
    /// <param name="axis">What was judged by; not empty.</param>
    /// <param name="cancellationToken">Ends reading and storing.</param>
    /// <exception cref="ArgumentException">There is no such file, its name has another ending, or labeler or axis is empty.</exception>
    /// <exception cref="InvalidDataException">A line is broken, or no line has two different answers.</exception>
    public static async Task<ImportedJudgements> RunAsync(
        ArtifactStore artifacts, string file, string labeler, string axis, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(labeler)) throw new ArgumentException("The labeler has no name; expected a text.");
        if (string.IsNullOrWhiteSpace(axis)) throw new ArgumentException("The axis has no name; expected a text such as helpfulness.");
        if (!File.Exists(file)) throw new ArgumentException($"There is no file '{file}'; expected pairs, .jsonl or .jsonl.gz.");
        var name = Path.GetFileName(file);
        var content = await File.ReadAllBytesAsync(file, cancellationToken);
        var (pairs, unpaired) = ChosenRejectedFile.Read(name, content, cancellationToken);
        var different = pairs.Where(p => p.Chosen != p.Rejected).ToList();
        if (different.Count == 0)
            throw new InvalidDataException(
                $"'{name}' has no pair of different answers ({pairs.Count} identical, {unpaired} that answer different turns); expected at least one.");

        var source = await artifacts.PutAsync("import", new Dictionary<string, byte[]> { [name] = content }, cancellationToken);
        var made = new ImportedPairs(name, source, labeler, axis);
        foreach (var pair in different) made.Add(pair, Strength);
        return new(
            source,
            await PutAsync("prompts", "prompts.jsonl", made.Prompts),
            await artifacts.PutComparisonsAsync(made.Comparisons, cancellationToken),
            await PutAsync("judgements", "judgements.jsonl", made.Judgements),
            made.Judgements.Count,
            new(
                Identical: pairs.Count - different.Count, unpaired, Repeated: different.Count - made.Judgements.Count,
                made.Prompts.Count, made.Prompts.Count(p => p.HeldOut), made.Prompts.Max(p => p.Turns.Count)));

        Task<ArtifactRef> PutAsync<T>(string kind, string path, IReadOnlyList<T> lines) =>
            artifacts.PutAsync(kind, new Dictionary<string, byte[]> { [path] = JsonLines.Serialize(lines) }, cancellationToken);
    }
}
