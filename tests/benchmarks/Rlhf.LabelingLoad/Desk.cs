using Rlhf.Runtime;
using Rlhf.Runtime.Access;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.LabelingLoad;

/// <summary>The store before and after: questions and keys, and what became of the answers.</summary>
sealed class Desk(string store)
{
    const int AtOnce = 1000;
    const string Text = "Once upon a time there was a small boat that wanted to see the other side of the lake, and one morning the wind was right. ";

    readonly List<string> _requests = [];

    /// <summary>Puts questions, each for one answer, and gives everybody a key; the names are those of the keys.</summary>
    public async Task<IReadOnlyDictionary<string, string>> PrepareAsync(int labelers, int questions)
    {
        await using var runtime = Open();
        for (var i = 0; i < questions; i += AtOnce)
        {
            _requests.Add($"r{i}");
            await runtime.Desk.PutAsync(
                new($"r{i}", [.. Enumerable.Range(i, Math.Min(AtOnce, questions - i)).Select(q => new Question($"q{q}", Turn.User($"{q}: {Text}"), $"{Text}{q}", $"{q}{Text}", "load"))], 1, 1, []),
                default);
        }
        var keys = new Dictionary<string, string>();
        for (var i = 0; i < labelers; i++) keys[$"labeler-{i}"] = await runtime.Credentials.CreateKeyAsync($"labeler-{i}", Role.Labeler, null, null, default);
        return keys;
    }

    /// <summary>Acknowledged answers, by question, that are not there exactly once.</summary>
    public async Task<IReadOnlyList<string>> WrongAsync(IReadOnlyDictionary<string, string> acknowledged)
    {
        await using var runtime = Open();
        var kept = new List<Judgement>();
        foreach (var request in _requests) kept.AddRange((await runtime.Desk.ProgressAsync(request, default)).Judgements);
        var labelers = kept.ToLookup(j => j.ComparisonId, j => j.Labeler);
        return [.. acknowledged.Where(a => !labelers[a.Key[..a.Key.LastIndexOf('-')]].SequenceEqual([a.Value])).Select(a => $"{a.Key} by {a.Value}")];
    }

    WorkflowRuntime Open() => new(
        new RuntimeOptions(store), new StepRunner([], new FolderObjectStore(store), TimeProvider.System, new Dictionary<string, object>(), TimeSpan.FromMinutes(1)), TimeProvider.System);
}
