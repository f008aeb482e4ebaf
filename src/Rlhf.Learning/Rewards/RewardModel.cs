using System.Text.Json;
using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Rewards;

/// <summary>
/// A decoder with a scalar head at the last token. A text is read as beginning of sequence, its tokens, end of sequence, and scored at the
/// end of sequence; a score is gain·head + bias, where gain and bias give the reference policy's completions mean 0 and deviation 1.
/// </summary>
public sealed class RewardModel(LlamaModel model, ScalarHead head, ITokenizer tokenizer) : IDisposable
{
    const string HeadFile = "score.safetensors", NormalizationFile = "normalization.json";

    sealed record Normalization(float Gain, float Bias);

    public LlamaModel Model => model;

    public ScalarHead Head => head;

    public ITokenizer Tokenizer => tokenizer;

    public float Gain { get; private set; } = 1;

    public float Bias { get; private set; }

    /// <summary>The tokens that are scored for a text. Of a text longer than the context the end is kept; see <see cref="Fits"/>.</summary>
    public int[] Encode(string text)
    {
        var tokens = tokenizer.Encode(text);
        return [tokenizer.BosId, .. tokens[Math.Max(0, tokens.Length + 2 - model.Config.MaxPositionEmbeddings)..], tokenizer.EosId];
    }

    /// <summary>False where <see cref="Encode"/> has to cut the text's beginning.</summary>
    public bool Fits(string text) => tokenizer.Encode(text).Length + 2 <= model.Config.MaxPositionEmbeddings;

    /// <summary>Scores [batch] of right-padded sequences.</summary>
    public Tensor Score(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var rows = arange(batch.Tokens.shape[0], device: batch.Tokens.device);
        var last = model.Hidden(batch.Tokens).index([TensorIndex.Tensor(rows), TensorIndex.Tensor(batch.Lengths - 1)]); // [batch, hidden]
        return head.Forward(last).mul(Gain).add(Bias).MoveToOuterDisposeScope();
    }

    /// <summary>Scores of many sequences, longest with longest so that little is padded; the order of the answer is the order of asking.</summary>
    /// <exception cref="InvalidDataException">A sequence is longer than the model's context, or a score is not finite.</exception>
    public float[] Score(IReadOnlyList<int[]> sequences, int batchSize, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        var scores = new float[sequences.Count];
        foreach (var chunk in Enumerable.Range(0, sequences.Count).OrderBy(i => sequences[i].Length).ThenBy(i => i).Chunk(batchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            if (sequences[chunk[^1]].Length is var longest && longest > model.Config.MaxPositionEmbeddings)
                throw new InvalidDataException($"A text of {longest} tokens can't be scored; the reward model's context is {model.Config.MaxPositionEmbeddings}.");
            var batch = TokenBatch.Pad([.. chunk.Select(i => sequences[i])], tokenizer.PadId, model.Device);
            var values = Score(batch).cpu().data<float>().ToArray();
            for (var k = 0; k < chunk.Length; k++)
                scores[chunk[k]] = float.IsFinite(values[k]) ? values[k] : throw new TrainingBatch(null, [$"text {chunk[k]}"], [sequences[chunk[k]]]).NotFinite("score", values[k]);
        }
        return scores;
    }

    /// <summary>
    /// Sets gain and bias so that the given texts score mean 0 and deviation 1 (population; Ziegler et al. 2019), and the KL coefficient
    /// keeps its meaning.
    /// </summary>
    public void Normalize(IReadOnlyList<int[]> sequences, int batchSize, CancellationToken cancellationToken)
    {
        (Gain, Bias) = (1, 0);
        var scores = Score(sequences, batchSize, cancellationToken);
        var mean = scores.Average(s => (double)s);
        var deviation = Math.Sqrt(scores.Average(s => (s - mean) * (s - mean)));
        if (deviation < 1e-6)
            throw new InvalidDataException($"The reward model gives all {scores.Length} reference completions the same score ({mean:0.####}); it can't be normalized.");
        (Gain, Bias) = ((float)(1 / deviation), (float)(-mean / deviation));
    }

    /// <summary>Writes a Hugging Face folder with the head and the normalization beside it.</summary>
    public void Save(string folder)
    {
        HuggingFaceFolder.Save(folder, model, tokenizer);
        head.Save(Path.Combine(folder, HeadFile));
        File.WriteAllText(Path.Combine(folder, NormalizationFile), JsonSerializer.Serialize(new Normalization(Gain, Bias)));
    }

    public static RewardModel Load(string folder, Device device)
    {
        var (model, tokenizer) = PolicyFolder.Load(folder, device, trainable: false);
        var head = ScalarHead.Load(Path.Combine(folder, HeadFile), model.Config.HiddenSize, device, trainable: false);
        var normalization = JsonSerializer.Deserialize<Normalization>(File.ReadAllText(Path.Combine(folder, NormalizationFile)))!;
        return new(model, head, tokenizer) { Gain = normalization.Gain, Bias = normalization.Bias };
    }

    public void Dispose()
    {
        model.Dispose();
        head.Dispose();
    }
}
