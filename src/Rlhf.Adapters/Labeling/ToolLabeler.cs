using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Adapters.Labeling;

/// <summary>A program in which people answer.</summary>
interface ITool
{
    /// <summary>As people write it.</summary>
    string Title { get; }

    /// <summary>How many characters of guidelines it takes; null for any.</summary>
    int? LongestGuidelines { get; }

    /// <summary>Makes what is missing of a set, so that it is there once with each of its questions once, however often and wherever this was broken off.</summary>
    /// <exception cref="IOException">The tool cannot be reached or fails; it may pass.</exception>
    /// <exception cref="InvalidDataException">The tool refuses.</exception>
    Task EnsureAsync(ToolSet set, GuidelinesVersion? guidelines, int judgementsPerQuestion, CancellationToken cancellationToken);

    /// <summary>Reads everything that stands in a set now.</summary>
    /// <inheritdoc cref="EnsureAsync"/>
    Task<ToolReading> ReadAsync(ToolSet set, CancellationToken cancellationToken);
}

/// <summary>
/// People who answer in another program: puts one dataset for each axis there and reads it as often as asked for, and when the program says that something
/// was answered. Nothing but what is read counts.
/// </summary>
/// <param name="name">As in <see cref="LabelingTools"/>.</param>
/// <param name="poll">How long to wait before looking again where nothing is heard.</param>
sealed class ToolLabeler(string name, ITool tool, GuidelinesFiles guidelines, TimeSpan poll, TimeProvider time) : ILabeler
{
    public async Task AskAsync(LabelingRequest request, CancellationToken cancellationToken)
    {
        var sets = ToolSet.Of(request).Select(s => (Set: s, Guidelines: guidelines.Find(s.Axis))).ToList();
        // Before anything is made.
        foreach (var (_, shown) in sets)
            if (shown is not null && tool.LongestGuidelines is { } longest && shown.Content.Length > longest)
                throw new InvalidDataException($"The guidelines of '{shown.Axis}' have {shown.Content.Length} characters; {tool.Title} takes at most {longest}.");
        foreach (var (set, shown) in sets) await tool.EnsureAsync(set, shown, request.JudgementsPerQuestion, cancellationToken);
    }

    public async Task<LabelingProgress> CollectAsync(LabelingRequest request, DateTimeOffset askedAt, CancellationToken cancellationToken)
    {
        var (readings, judged) = (new List<ToolReading>(), new Dictionary<string, ILookup<string, Judgement>>());
        try
        {
            foreach (var set in ToolSet.Of(request))
            {
                readings.Add(await tool.ReadAsync(set, cancellationToken));
                judged[set.Axis] = readings[^1].Count(set, request.JudgementsPerQuestion);
            }
        }
        catch (IOException e)
        {
            // A round waits for people for days; that their program is away for an hour does not end it.
            return new([], request.Questions.Count * request.JudgementsPerQuestion, time.GetUtcNow() + poll) { Events = [LabelingTools.EventOf(name)], Place = tool.Title, Trouble = e.Message };
        }
        List<Judgement> judgements = [.. request.Questions.SelectMany(q => judged[q.Axis][q.Id])];
        var pending = (request.Questions.Count * request.JudgementsPerQuestion) - judgements.Count;
        var foreign = readings.Sum(r => r.Foreign);
        return new(judgements, pending, pending > 0 ? time.GetUtcNow() + poll : null)
        {
            Events = pending > 0 ? [LabelingTools.EventOf(name)] : [],
            Place = string.Join(" and ", readings.Select(r => r.Place)),
            Remark = foreign == 0 ? null : $"{foreign} {(foreign == 1 ? "record is" : "records are")} left out there, which this round did not ask",
        };
    }
}
