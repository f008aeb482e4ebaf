using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Rlhf.Steps.Scoring;

namespace Rlhf.Adapters.Scoring;

/// <summary>Reads what a server answered, and takes nothing for a score that is none.</summary>
static class ScoringAnswers
{
    /// <summary>The longest answer that is read, in bytes.</summary>
    public const int Longest = 64 << 20;

    const int LongestQuoted = 300;

    public static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <exception cref="ReplicaException">It is no whole answer of the model to what was asked.</exception>
    public static RewardScores Read(HttpStatusCode status, byte[] body, TimeSpan? retryAfter, ScoringRequest request, Replica replica)
    {
        if (status != HttpStatusCode.OK) throw Refused(status, body, retryAfter, replica);
        ScoreAnswer? answer;
        try
        {
            answer = JsonSerializer.Deserialize<ScoreAnswer>(body, Web);
        }
        catch (JsonException e)
        {
            throw Garbage(replica, $"{body.Length} bytes that are no scores", e);
        }
        if (answer?.Models is not [{ Inputs: { } inputs } model]) throw Garbage(replica, $"the scores of {answer?.Models?.Count ?? 0} models");
        if ($"{model.Model}" != request.Model) throw Garbage(replica, $"scores of {model.Model}", expected: request.Model);
        TextScore[] scores = [.. inputs.SelectMany(i => i ?? [])];
        if (scores.Length != request.Texts.Count) throw Garbage(replica, $"{scores.Length} scores for {request.Texts.Count} texts");
        for (var i = 0; i < scores.Length; i++)
            if (Wrong(scores[i], request.Texts[i], request.PerToken) is { } wrong) throw Garbage(replica, wrong);
        return new(model.Model, scores);
    }

    static string? Wrong(TextScore? score, TextToScore text, bool perToken) => score switch
    {
        null or { Members: null or [] } => "a text without a score",
        _ when !float.IsFinite(score.Score) || score.Members.Any(m => !float.IsFinite(m)) => $"the score {score.Score}, which is not finite,",
        _ when score.CompletionTokens < 1 || score.CompletionTokens > score.Tokens => $"a text of {score.Tokens} tokens with {score.CompletionTokens} of a completion",
        _ when text is TextToScore.Tokens ids && (score.Tokens != ids.Ids.Length || score.CompletionTokens != ids.Ids.Length - ids.PromptLength || score.Truncated) => $"the score of {score.Tokens} tokens for a text of {ids.Ids.Length}",
        _ when (float)score.Members.Average(m => (double)m) != score.Score => $"the score {score.Score}, which is not its members' mean,",
        _ when perToken && (score.TokenScores?.Count != score.CompletionTokens || score.TokenScores.Any(s => !float.IsFinite(s))) => $"no finite score for each of {score.CompletionTokens} tokens",
        _ => null,
    };

    static ReplicaException Garbage(Replica replica, string what, Exception? inner = null, string expected = "a finite score for every text") =>
        new($"{replica} answered {what}; expected {expected}.", inner);

    static ReplicaException Refused(HttpStatusCode status, byte[] body, TimeSpan? retryAfter, Replica replica)
    {
        var said = Detail(body);
        var sentence = $"{replica} answered {(int)status}{(said.Length == 0 ? "" : $": {said}")}";
        return status switch
        {
            HttpStatusCode.TooManyRequests => new(sentence) { IsHealthy = true, Wait = retryAfter },
            HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity => new(sentence) { IsHealthy = true, IsRefusal = true },
            _ => new(sentence),
        };
    }

    static string Detail(byte[] body)
    {
        try
        {
            var text = $"{JsonNode.Parse(body)?["detail"]}".ReplaceLineEndings(" ");
            return text.Length > LongestQuoted ? $"{text[..LongestQuoted]}…" : text;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}
