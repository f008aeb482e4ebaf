using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Comparisons;

/// <summary>What is asked of one labeler: all judgements, or those that another one left.</summary>
/// <param name="Given">What others have given before, and what is not asked for again.</param>
sealed record Asking(string Name, ILabeler Labeler, IReadOnlyList<LabelingRequest> Requests, IReadOnlyList<Judgement> Given)
{
    /// <summary>What those others had to say of theirs, as files.</summary>
    public IReadOnlyDictionary<string, byte[]> GivenFiles { get; init; } = new Dictionary<string, byte[]>();

    public static Asking All(IReadOnlyList<Comparison> comparisons, CollectJudgements.Inputs inputs, CollectJudgements.HParams hparams, StepContext context) =>
        new(inputs.Labeler, context.Service<ILabeler>(inputs.Labeler), [Request(context.Key, comparisons, hparams.JudgementsPerComparison, inputs, hparams, context)], []);

    /// <summary>The empty places only. A request asks as much of each of its questions, so there is one for each number of places.</summary>
    public static async Task<Asking> RestAsync(
        ArtifactRef given, IReadOnlyList<Comparison> comparisons, CollectJudgements.Inputs inputs, CollectJudgements.HParams hparams, StepContext context,
        CancellationToken cancellationToken)
    {
        var judgements = await context.Artifacts.ReadJudgementsAsync(given, cancellationToken);
        var counts = judgements.CountBy(j => j.ComparisonId).ToDictionary();
        var requests = comparisons.GroupBy(c => hparams.JudgementsPerComparison - counts.GetValueOrDefault(c.Id)).Where(g => g.Key > 0).OrderBy(g => g.Key)
            // Whether a comparison is disputed cannot be known from the rest of its judgements.
            .Select(g => Request($"{context.Key}-escalated-{g.Key}", g, g.Key, inputs, hparams, context) with { Care = new() });
        return new(hparams.EscalateTo, context.Service<ILabeler>(hparams.EscalateTo), [.. requests], judgements) { GivenFiles = await context.Artifacts.FilesBesideAsync(given, cancellationToken) };
    }

    public async Task AskAsync(CancellationToken cancellationToken)
    {
        foreach (var request in Requests) await Labeler.AskAsync(request, cancellationToken);
    }

    public async Task WithdrawAsync(CancellationToken cancellationToken)
    {
        foreach (var request in Requests) await Labeler.WithdrawAsync(request, cancellationToken);
    }

    /// <summary>All judgements, those given before first where there are any; pending, and when and on what to look again, are this labeler's.</summary>
    public async Task<LabelingProgress> CollectAsync(IReadOnlyList<Comparison> comparisons, DateTimeOffset askedAt, CancellationToken cancellationToken)
    {
        var parts = new List<LabelingProgress>();
        foreach (var request in Requests) parts.Add(Checked(request, await Labeler.CollectAsync(request, askedAt, cancellationToken)));
        var judgements = parts.SelectMany(p => p.Judgements);
        if (Given.Count > 0)
        {
            var all = Given.Concat(judgements).ToLookup(j => j.ComparisonId);
            judgements = comparisons.SelectMany(c => all[c.Id]);
        }
        return new([.. judgements], parts.Sum(p => p.Pending), parts.Min(p => p.NextAnswerAt))
        {
            Events = [.. parts.SelectMany(p => p.Events).Distinct()],
            Place = parts.Find(p => p.Place is not null)?.Place,
            Trouble = parts.Find(p => p.Trouble is not null)?.Trouble,
            Remark = string.Join("; ", parts.Select(p => p.Remark).OfType<string>().Distinct()) is { Length: > 0 } remark ? remark : null,
            Files = FilesOf([GivenFiles, .. parts.Select(p => p.Files)]),
        };
    }

    /// <summary>Of files with one name the later ones get numbers.</summary>
    static Dictionary<string, byte[]> FilesOf(IEnumerable<IReadOnlyDictionary<string, byte[]>> parts)
    {
        var files = new Dictionary<string, byte[]>();
        foreach (var (name, content) in parts.SelectMany(p => p))
        {
            var free = name;
            for (var number = 2; files.ContainsKey(free); number++) free = $"{Path.GetFileNameWithoutExtension(name)}-{number}{Path.GetExtension(name)}";
            files[free] = content;
        }
        return files;
    }

    LabelingProgress Checked(LabelingRequest request, LabelingProgress progress)
    {
        var most = Math.Max(request.JudgementsPerQuestion, request.Care.MostJudgements) + (request.Care.Adjudicate ? 1 : 0);
        return progress.Judgements.CountBy(j => j.ComparisonId).FirstOrDefault(c => c.Value > most) is { Key: { } comparison, Value: var given }
            ? throw new InvalidDataException($"Labeler '{Name}' gave {given} judgements of comparison {comparison}; expected {most} at most.")
            : progress;
    }

    static LabelingRequest Request(
        string id, IEnumerable<Comparison> comparisons, int each, CollectJudgements.Inputs inputs, CollectJudgements.HParams hparams, StepContext context) =>
        new(id, [.. comparisons.Select(c => new Question(c.Id, c.Prompt, c.A.Text, c.B.Text, c.Axis))], each, Seeds.Derive(inputs.Seed, "judgements"), CanonicalJson.ToObject(hparams))
        { Instance = context.Execution.Instance, Care = hparams.ToCare(), Judge = inputs.Judge, Progress = context.Progress };
}
