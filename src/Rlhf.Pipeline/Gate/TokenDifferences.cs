using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Tokenizers;
using Rlhf.Pipeline.Models;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Gate;

/// <summary>
/// Of the first prompts of an evaluation, where in the completions the policies differ from the reference: log-probabilities token by token, a small batch of
/// each policy while it is loaded. A policy that is the reference differs nowhere.
/// </summary>
/// <param name="answered">The prompts, in the order of asking.</param>
/// <param name="champions">The champion's completions as tokens.</param>
/// <param name="challengers">The challenger's.</param>
/// <param name="tokenizer">Of the reference policy, and of all others.</param>
/// <param name="temperature">Of the log-probabilities.</param>
sealed class TokenDifferences(
    IReadOnlyList<AnsweredPrompt> answered, IReadOnlyList<GivenText> champions, IReadOnlyList<GivenText> challengers, ITokenizer tokenizer, double temperature)
{
    const int Prompts = 8;

    // Of one completion; what stands before it is decoded with it, since a first token may begin with a space or not.
    const int MostTokens = 1000, Before = 8;

    // As the figures beside it.
    const int Digits = 5;

    readonly List<GivenText> _champions = [.. champions.Take(Prompts)], _challengers = [.. challengers.Take(Prompts)];
    double[][] _championsByReference = [], _challengersByReference = [];
    double[][]? _ofChampion, _ofChallenger;

    public void AddReference(LoadedPolicy reference) => (_championsByReference, _challengersByReference) = (Logprobs(reference, _champions), Logprobs(reference, _challengers));

    public void AddChampion(LoadedPolicy champion) => _ofChampion = Logprobs(champion, _champions);

    public void AddChallenger(LoadedPolicy challenger) => _ofChallenger = Logprobs(challenger, _challengers);

    public IReadOnlyList<TokenSample> Samples() => [.. _champions.Select((_, i) => new TokenSample(
        answered[i].Prompt.Id, answered[i].Prompt.Turns,
        Tokens(_champions[i], (_ofChampion ?? _championsByReference)[i], _championsByReference[i]),
        Tokens(_challengers[i], (_ofChallenger ?? _challengersByReference)[i], _challengersByReference[i])))];

    double[][] Logprobs(LoadedPolicy policy, List<GivenText> texts) => TextLikelihood.TokenLogprobs(policy.Model, texts, policy.Tokenizer.PadId, temperature);

    List<TokenKl> Tokens(GivenText text, double[] own, double[] reference)
    {
        var (tokens, start) = (new List<TokenKl>(), Math.Max(0, text.Given - Before));
        var (shown, kl, count) = (Decoded(text.Given), 0.0, 0);
        for (var i = 0; i < Math.Min(own.Length, MostTokens); i++)
        {
            (kl, count) = (kl + own[i] - reference[i], count + 1);
            var behind = Decoded(text.Given + i + 1);
            if (behind.Length <= shown.Length || !behind.StartsWith(shown, StringComparison.Ordinal)) continue;
            tokens.Add(new(behind[shown.Length..], Math.Round(kl, Digits), count));
            (shown, kl, count) = (behind, 0, 0);
        }
        if (count > 0) tokens.Add(new("", Math.Round(kl, Digits), count));
        return tokens;

        string Decoded(int end) => tokenizer.Decode(text.Tokens.AsSpan(start, end - start)).TrimEnd('\ufffd');
    }
}
