using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Scoring;

namespace Rlhf.Server.Scoring;

/// <summary>The shapes that other trainers ask in, so that they need no adapter: OpenRLHF's remote reward, and vLLM's classification as verl's reward loop calls it.</summary>
static class TrainerApi
{
    /// <summary><c>POST /get_reward</c>: one reward for each text of <c>query</c>.</summary>
    public static async Task GetRewardAsync(HttpContext context)
    {
        var body = await Answers.ReadAsync<GetRewardBody>(context, Lenient);
        Scoring.CheckCount(context, body.Query.Count);
        if (body.Prompts is { } prompts && prompts.Count != body.Query.Count)
            throw new ArgumentException($"There are {body.Query.Count} texts in 'query' and {prompts.Count} in 'prompts'; expected as many of both, or no prompts.");
        var answer = await AskAsync(context, "", body.Query.Select((text, i) => Written(text, body.Prompts?[i], i)));
        float[] scores = [.. answer.Scores.Select(s => s.Score)];
        await Scoring.WriteAsync(context, new GetRewardAnswer(scores, scores, new Dictionary<string, IReadOnlyList<float>>
        {
            ["tokens"] = [.. answer.Scores.Select(s => (float)s.Tokens)],
            ["truncated"] = [.. answer.Scores.Select(s => s.Truncated ? 1f : 0f)],
        })
        { Model = answer.Model });
    }

    /// <summary><c>POST /classify</c>: the score of each text as what vLLM calls the probability of the one label.</summary>
    public static async Task ClassifyAsync(HttpContext context)
    {
        var body = await Answers.ReadAsync<ClassifyBody>(context, Lenient);
        var texts = Inputs(body.Input).ToList();
        Scoring.CheckCount(context, texts.Count);
        var answer = await AskAsync(context, body.Model ?? "", texts);
        var tokens = answer.Scores.Sum(s => s.Tokens);
        await Scoring.WriteAsync(context, new ClassifyAnswer(
            $"classify-{context.TraceIdentifier}", "list", context.RequestServices.GetRequiredService<Site>().Time.GetUtcNow().ToUnixTimeSeconds(), answer.Model,
            [.. answer.Scores.Select((s, i) => new ClassifiedText(i, "LABEL_0", [body.Activation == false ? s.Score : Logistic(s.Score)], 1))],
            new(tokens, tokens, 0)));
    }

    // These callers send what their own versions brought along.
    const bool Lenient = true;

    static Task<RewardScores> AskAsync(HttpContext context, string model, IEnumerable<TextToScore> texts) =>
        context.RequestServices.GetRequiredService<IRewardServing>().ScoreAsync(new(model, [.. texts]), context.RequestAborted);

    static TextToScore Written(string? text, string? prompt, int place)
    {
        if (text is null) throw new ArgumentException($"Text {place} of 'query' is null; expected a text.");
        // A prompt that the text does not begin with says nothing of where the completion begins.
        return new TextToScore.Written(text, prompt is not null && text.StartsWith(prompt, StringComparison.Ordinal) ? prompt : null);
    }

    static IEnumerable<TextToScore> Inputs(JsonElement input)
    {
        if (input.ValueKind == JsonValueKind.String) return [new TextToScore.Written(TextOf(input), null)];
        if (input.ValueKind != JsonValueKind.Array) throw Form();
        return input.GetArrayLength() > 0 && input[0].ValueKind == JsonValueKind.Number ? [Ids(input)]
            : input.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.String ? new TextToScore.Written(TextOf(one), null) : Ids(one));
    }

    static string TextOf(JsonElement text)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new ArgumentException("A text of 'input' is no Unicode text; expected one.", e);
        }
    }

    static TextToScore Ids(JsonElement ids)
    {
        if (ids.ValueKind != JsonValueKind.Array) throw Form();
        return new TextToScore.Tokens([.. ids.EnumerateArray().Select(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var value) ? value : throw Form())], 0);
    }

    static ArgumentException Form() => new("'input' has another form; expected a text, token ids, or a list of either.");

    static float Logistic(float score) => (float)(1 / (1 + Math.Exp(-(double)score)));
}
