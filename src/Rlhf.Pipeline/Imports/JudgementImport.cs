using Rlhf.Pipeline.Comparisons;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;

namespace Rlhf.Pipeline.Imports;

/// <summary>What was made of a file of pairs or judgements.</summary>
/// <param name="File">The file itself (kind <c>import</c>), which stands for the author of its texts.</param>
/// <param name="Prompts">Prompt set; each prompt once.</param>
/// <param name="Comparisons">The pairs, blind.</param>
/// <param name="Judgements">Which side is the better one.</param>
/// <param name="Pairs">Judgements that were kept: of a file of pairs one for each pair.</param>
/// <param name="Counts">What else is to be said of the file.</param>
public sealed record ImportedJudgements(ArtifactRef File, ArtifactRef Prompts, ArtifactRef Comparisons, ArtifactRef Judgements, int Pairs, ImportCounts Counts);

/// <summary>Numbers of a file of pairs or judgements.</summary>
/// <param name="Identical">Lines dropped since both sides are the same text.</param>
/// <param name="Unpaired">Lines dropped since the sides are no two answers to the same turns.</param>
/// <param name="Repeated">Lines dropped since an earlier one says the same.</param>
/// <param name="Prompts">Different prompts.</param>
/// <param name="HeldOut">Those of them that are held out from training.</param>
/// <param name="MostTurns">Turns of the longest prompt.</param>
public sealed record ImportCounts(int Identical, int Unpaired, int Repeated, int Prompts, int HeldOut, int MostTurns)
{
    /// <summary>Judgements of a labeler who had judged the item before; they are kept.</summary>
    public int SelfRepeated { get; init; }
}

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
        var made = new ImportedPairs(name, source, axis);
        foreach (var pair in different) made.Add(pair, labeler, Strength);
        return await StoreAsync(
            artifacts, source, made, new ImportCounts(pairs.Count - different.Count, unpaired, different.Count - made.Judgements.Count, 0, 0, 0), cancellationToken);
    }

    /// <summary>Reads a whole file of judgements, each with its own labeler, then stores what it says of one axis.</summary>
    /// <param name="artifacts">Where it is stored.</param>
    /// <param name="file">A file as <see cref="JudgementFile"/> reads it.</param>
    /// <param name="axis">The axis; null where the file has only one.</param>
    /// <param name="cancellationToken">Ends reading and storing.</param>
    /// <exception cref="ArgumentException">There is no such file, its name has another ending, or it has several axes or not this one.</exception>
    /// <exception cref="InvalidDataException">A line is broken, or no line is about two different completions.</exception>
    public static async Task<ImportedJudgements> RunAsync(ArtifactStore artifacts, string file, string? axis, CancellationToken cancellationToken)
    {
        var content = JudgementFile.Read(file, cancellationToken);
        var axes = content.Lines.Select(l => l.Axis).Distinct().Order(StringComparer.Ordinal).ToList();
        if (axis is null && axes.Count > 1)
            throw new ArgumentException($"'{content.Name}' has judgements by the axes {string.Join(", ", axes)}, which are never mixed; expected one, named by --axis.");
        if (axis is not null && !axes.Contains(axis))
            throw new ArgumentException($"'{content.Name}' has no judgement by '{axis}'; expected {(axes.Count == 0 ? "at least one line" : string.Join(" or ", axes))}.");
        var lines = content.Lines.Where(l => axis is null || l.Axis == axis).ToList();
        var different = lines.Where(l => l.CompletionA != l.CompletionB).ToList();
        if (different.Count == 0)
            throw new InvalidDataException($"'{content.Name}' has no judgement of two different completions ({lines.Count} of identical ones); expected at least one.");

        var source = await artifacts.PutAsync("import", new Dictionary<string, byte[]> { [content.Name] = await File.ReadAllBytesAsync(file, cancellationToken) }, cancellationToken);
        var made = new ImportedPairs(content.Name, source, axis ?? axes[0]);
        foreach (var line in different) made.Add(line);
        var selfRepeated = different.Count - different.DistinctBy(l => (l.Item, l.Labeler)).Count();
        return await StoreAsync(
            artifacts, source, made, new ImportCounts(lines.Count - different.Count, 0, content.Repeated, 0, 0, 0) { SelfRepeated = selfRepeated }, cancellationToken);
    }

    static async Task<ImportedJudgements> StoreAsync(
        ArtifactStore artifacts, ArtifactRef source, ImportedPairs made, ImportCounts counts, CancellationToken cancellationToken)
    {
        return new(
            source,
            await PutAsync("prompts", "prompts.jsonl", made.Prompts),
            await artifacts.PutComparisonsAsync(made.Comparisons, cancellationToken),
            await PutAsync("judgements", "judgements.jsonl", made.Judgements),
            made.Judgements.Count,
            counts with { Prompts = made.Prompts.Count, HeldOut = made.Prompts.Count(p => p.HeldOut), MostTurns = made.Prompts.Max(p => p.Turns.Count) });

        Task<ArtifactRef> PutAsync<T>(string kind, string path, IReadOnlyList<T> lines) =>
            artifacts.PutAsync(kind, new Dictionary<string, byte[]> { [path] = JsonLines.Serialize(lines) }, cancellationToken);
    }
}
