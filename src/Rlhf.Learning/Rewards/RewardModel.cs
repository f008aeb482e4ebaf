using System.Text.Json;
using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Rewards;

/// <summary>
/// A decoder with a scalar head. A text is read as beginning of sequence, its tokens, end of sequence, and scored at the end of sequence;
/// the head's output becomes a score by <see cref="Normalization"/>.
/// </summary>
public sealed class RewardModel(LlamaModel model, ScalarHead head, ITokenizer tokenizer) : IDisposable
{
    const string HeadFile = "score.safetensors", NormalizationFile = "normalization.json";

    public LlamaModel Model => model;

    public ScalarHead Head => head;

    public ITokenizer Tokenizer => tokenizer;

    public ScoreNormalization Normalization { get; private set; } = new();

    /// <summary>The tokens that are scored for a completion. Of a text longer than the context the end is kept; see <see cref="Fits"/>.</summary>
    public ScoredText Encode(string prompt, string completion)
    {
        var tokens = tokenizer.Encode(prompt + completion);
        var cut = Math.Max(0, tokens.Length + 2 - model.Config.MaxPositionEmbeddings);
        var promptLength = Math.Clamp(tokenizer.Encode(prompt).Length - cut, 0, tokens.Length - cut);
        return new([.. tokenizer.Begin, .. tokens[cut..], tokenizer.EosId], promptLength + tokenizer.Begin.Length);
    }

    /// <summary>False where <see cref="Encode"/> has to cut the text's beginning.</summary>
    public bool Fits(string prompt, string completion) => tokenizer.Encode(prompt + completion).Length + 2 <= model.Config.MaxPositionEmbeddings;

    /// <summary>The head's output [batch] at the end of right-padded sequences; a difference of two is the log-odds of a preference.</summary>
    public Tensor Raw(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var rows = Range(batch.Tokens.shape[0], device: batch.Tokens.device);
        var last = model.Hidden(batch.Tokens).index([TensorIndex.Tensor(rows), TensorIndex.Tensor(batch.Lengths - Number(1))]); // [batch, hidden]
        return head.Forward(last).MoveToOuterDisposeScope();
    }

    /// <summary>The head's output for many texts, in the order of asking.</summary>
    /// <exception cref="InvalidDataException">A text is longer than the model's context.</exception>
    /// <exception cref="NonFiniteException">An output is not finite.</exception>
    public float[] Raw(IReadOnlyList<ScoredText> texts, int batchSize, CancellationToken cancellationToken)
    {
        var outputs = new float[texts.Count];
        ForEachBatch(texts, batchSize, (batch, rows) =>
        {
            var values = Raw(batch).cpu().data<float>().ToArray();
            for (var k = 0; k < rows.Length; k++) outputs[rows[k]] = Finite(values[k], rows[k], texts);
        }, cancellationToken);
        return outputs;
    }

    /// <summary>Scores of many texts, in the order of asking.</summary>
    /// <exception cref="InvalidDataException">A text is longer than the model's context.</exception>
    /// <exception cref="NonFiniteException">A score is not finite.</exception>
    public float[] Score(IReadOnlyList<ScoredText> texts, int batchSize, CancellationToken cancellationToken) =>
        [.. Raw(texts, batchSize, cancellationToken).Zip(texts, (raw, text) => Normalization.Score(raw, text.Length))];

    /// <summary>For each text a score at each token of its completion, as if it ended there; the last one is its score.</summary>
    public IReadOnlyList<float[]> TokenScores(IReadOnlyList<ScoredText> texts, int batchSize, CancellationToken cancellationToken)
    {
        var scores = new float[texts.Count][];
        ForEachBatch(texts, batchSize, (batch, rows) =>
        {
            var outputs = head.Forward(model.Hidden(batch.Tokens)).cpu(); // [batch, time]
            for (var k = 0; k < rows.Length; k++)
            {
                var text = texts[rows[k]];
                var row = outputs[k].data<float>().ToArray();
                scores[rows[k]] = [.. Enumerable.Range(0, text.Length).Select(t => Normalization.Score(Finite(row[text.PromptLength + t], rows[k], texts), t + 1))];
            }
        }, cancellationToken);
        return scores;
    }

    /// <summary>Sets the normalization so that the given texts score mean 0 and deviation 1 after the length treatment.</summary>
    public void Normalize(IReadOnlyList<ScoredText> texts, LengthTreatment treatment, int batchSize, CancellationToken cancellationToken) =>
        Normalization = ScoreNormalization.Of(Raw(texts, batchSize, cancellationToken), [.. texts.Select(t => t.Length)], treatment);

    /// <summary>
    /// Changes the head itself so that its output on the given texts has mean 0 and deviation 1: the start of a training (Ziegler et al. 2019).
    /// </summary>
    public void NormalizeHead(IReadOnlyList<ScoredText> texts, int batchSize, CancellationToken cancellationToken)
    {
        var start = ScoreNormalization.Of(Raw(texts, batchSize, cancellationToken), [.. texts.Select(t => t.Length)], LengthTreatment.None);
        head.Scale(start.Gain, start.Bias);
    }

    /// <summary>Longest with longest, so that little is padded.</summary>
    void ForEachBatch(IReadOnlyList<ScoredText> texts, int batchSize, Action<TokenBatch, int[]> action, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        foreach (var rows in Enumerable.Range(0, texts.Count).OrderBy(i => texts[i].Tokens.Length).ThenBy(i => i).Chunk(batchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (texts[rows[^1]].Tokens.Length is var longest && longest > model.Config.MaxPositionEmbeddings)
                throw new InvalidDataException($"A text of {longest} tokens can't be scored; the reward model's context is {model.Config.MaxPositionEmbeddings}.");
            using var scope = NewDisposeScope();
            action(TokenBatch.Pad([.. rows.Select(i => texts[i].Tokens)], tokenizer.PadId, model.Device), rows);
        }
    }

    static float Finite(float value, int text, IReadOnlyList<ScoredText> texts) =>
        float.IsFinite(value) ? value : throw new TrainingBatch(null, [$"text {text}"], [texts[text].Tokens]).NotFinite("score", value);

    /// <summary>Writes a Hugging Face folder with the head and the normalization beside it.</summary>
    public void Save(string folder)
    {
        HuggingFaceFolder.Save(folder, model, tokenizer);
        head.Save(Path.Combine(folder, HeadFile));
        File.WriteAllText(Path.Combine(folder, NormalizationFile), JsonSerializer.Serialize(Normalization));
    }

    /// <exception cref="InvalidDataException">A file is missing or damaged.</exception>
    public static RewardModel Load(string folder, Device device)
    {
        var (model, tokenizer) = PolicyFolder.Load(folder, device, trainable: false);
        var head = ScalarHead.Load(Path.Combine(folder, HeadFile), model.Config.HiddenSize, device, trainable: false);
        var normalization = JsonSerializer.Deserialize<ScoreNormalization>(File.ReadAllText(Path.Combine(folder, NormalizationFile)))!;
        return new(model, head, tokenizer) { Normalization = normalization };
    }

    public void Dispose()
    {
        model.Dispose();
        head.Dispose();
    }
}
