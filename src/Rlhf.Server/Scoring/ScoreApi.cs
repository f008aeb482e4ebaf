using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Data;
using Rlhf.Steps.Scoring;

namespace Rlhf.Server.Scoring;

/// <summary><c>POST /v1/score</c>: prompts with their completions, scored by one or several models.</summary>
static class ScoreApi
{
    public static async Task PostAsync(HttpContext context)
    {
        var body = await Answers.ReadAsync<ScoreBody>(context);
        if (body.DeadlineMs is < 1 or > 3_600_000) throw new ArgumentException($"'deadlineMs' is {body.DeadlineMs}; expected 1 to 3600000.");
        var texts = body.Inputs.SelectMany(Texts).ToList();
        Scoring.CheckCount(context, texts.Count);
        IReadOnlyList<string> models = body.Models ?? [""];
        if (models.Any(m => m is null)) throw new ArgumentException("A name in 'models' is null; expected the name or artifact of a model.");
        if (models.Count is 0 or > 16 || models.Distinct().Count() < models.Count) throw new ArgumentException($"'models' names {models.Count} models; expected 1 to 16, each once.");
        var asked = models.Select(model => AskAsync(context, body, texts, model)).ToList();
        await Scoring.WriteAsync(context, new ScoreAnswer(await Task.WhenAll(asked)));
    }

    static async Task<ModelAnswer> AskAsync(HttpContext context, ScoreBody body, IReadOnlyList<TextToScore> texts, string model)
    {
        var scores = await context.RequestServices.GetRequiredService<IRewardServing>().ScoreAsync(
            new(model, texts) { PerToken = body.PerToken, Deterministic = body.Deterministic, Within = body.DeadlineMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null },
            context.RequestAborted);
        var inputs = new List<IReadOnlyList<TextScore>>();
        var next = 0;
        foreach (var count in body.Inputs.Select(Completions))
        {
            inputs.Add([.. scores.Scores.Skip(next).Take(count)]);
            next += count;
        }
        return new(model.Length == 0 ? $"{scores.Model}" : model, scores.Model, inputs);
    }

    static int Completions(ScoreInput input) => input.Completions?.Count ?? input.CompletionIds!.Count;

    static IEnumerable<TextToScore> Texts(ScoreInput input, int place) => input switch
    {
        null => throw new ArgumentException($"Input {place} is null; expected a prompt with completions."),
        { PromptIds: { } prompt, CompletionIds: { Count: > 0 } completions, Prompt: null, Turns: null, Completions: null } =>
            completions.Select(c => (TextToScore)new TextToScore.Tokens([.. prompt, .. Given(c, place)], prompt.Length)),
        { Prompt: { } prompt, Turns: null, Completions: { Count: > 0 } completions, PromptIds: null, CompletionIds: null } =>
            completions.Select(c => (TextToScore)new TextToScore.Answered(Turn.User(prompt), Given(c, place))),
        { Turns: { Count: > 0 } turns, Prompt: null, Completions: { Count: > 0 } completions, PromptIds: null, CompletionIds: null } when turns.All(t => t is not null) =>
            completions.Select(c => (TextToScore)new TextToScore.Answered(turns, Given(c, place))),
        _ => throw new ArgumentException($"Input {place} has another form; expected 'prompt' or 'turns' with 'completions', or 'promptIds' with 'completionIds', each with at least one completion."),
    };

    // A list's elements may be null, whatever its type says.
    static T Given<T>(T? completion, int place) where T : class => completion ?? throw new ArgumentException($"A completion of input {place} is null; expected one.");
}
