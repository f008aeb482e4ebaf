using Rlhf.Learning.Models;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Tokenizers;
using TorchSharp;

namespace Rlhf.HumanPreferences;

/// <summary>A pair in the ids of the large tokenizer.</summary>
sealed record EncodedPair(HumanPair Pair, int[] ChosenContext, int[] Chosen, int[] RejectedContext, int[] Rejected)
{
    public static EncodedPair Of(HumanPair pair, ITokenizer tokenizer) => new(
        pair, tokenizer.Encode(pair.Chosen.Context), tokenizer.Encode(pair.Chosen.Completion),
        tokenizer.Encode(pair.Rejected.Context), tokenizer.Encode(pair.Rejected.Completion));
}

/// <summary>A reward model from scratch: a vocabulary, a small decoder and its head, fitted to pairs by the product's trainer.</summary>
sealed class Decoder : IDisposable
{
    readonly Preset _preset;
    readonly CompactVocabulary _vocabulary;
    readonly RewardModel _model;

    Decoder(Preset preset, CompactVocabulary vocabulary, ulong seed)
    {
        (_preset, _vocabulary) = (preset, vocabulary);
        _model = new(
            DecoderModel.Initialize(preset.Config(vocabulary.VocabularySize), seed, torch.CPU), ScalarHead.Random(preset.Hidden, seed, torch.CPU), vocabulary);
    }

    public static Decoder Train(Preset preset, ITokenizer tokenizer, IReadOnlyList<EncodedPair> pairs, int seed)
    {
        var vocabulary = new CompactVocabulary(tokenizer, pairs.SelectMany(p => new[] { p.Chosen, p.Rejected }), preset.MinimumCount);
        var decoder = new Decoder(preset, vocabulary, (ulong)seed);
        var groups = pairs.Select(p => new PreferenceGroup(
            [decoder.Text(p.ChosenContext, p.Chosen), decoder.Text(p.RejectedContext, p.Rejected)], [new(0, 1, Margin: 0, Probability: 1, Weight: 1, p.Pair.Id)])).ToList();
        using var trainer = new RewardModelTrainer(decoder._model, groups, preset.Training(seed));
        while (trainer.Completed < trainer.Updates) trainer.Update(CancellationToken.None);
        return decoder;
    }

    /// <summary>Score of the chosen side less that of the rejected one.</summary>
    public double[] Margins(IReadOnlyList<EncodedPair> pairs)
    {
        var scores = _model.Score(
            [.. pairs.SelectMany(p => new[] { Text(p.ChosenContext, p.Chosen), Text(p.RejectedContext, p.Rejected) })], batchSize: 32, CancellationToken.None);
        return [.. pairs.Select((_, i) => (double)scores[2 * i] - scores[2 * i + 1])];
    }

    public void Dispose() => _model.Dispose();

    // The prompt's end, then the completion; of a completion that alone is longer than the context the beginning is kept.
    ScoredText Text(int[] context, int[] completion)
    {
        var kept = completion.AsSpan(0, Math.Min(completion.Length, Preset.Context - 2));
        var prompt = Math.Min(Math.Min(_preset.PromptTokens, context.Length), Preset.Context - 2 - kept.Length);
        return new([.. _vocabulary.Begin, .. _vocabulary.Map(context.AsSpan(context.Length - prompt)), .. _vocabulary.Map(kept), _vocabulary.EosId], prompt + 1);
    }
}
