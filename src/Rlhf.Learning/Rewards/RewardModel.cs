using System.Text.Json;
using Rlhf.Learning.Chat;
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
public sealed class RewardModel(DecoderModel model, ScalarHead head, ITokenizer tokenizer) : IDisposable
{
    const string HeadFile = "reward_head.json";

    ScoringTiles? _tiles;

    public DecoderModel Model => model;

    public ScalarHead Head => head;

    public ITokenizer Tokenizer => tokenizer;

    public ScoreNormalization Normalization { get; private set; } = new();

    /// <summary>How this model reads dialogues; a policy's own tokens can be scored as they are only where neither has a template.</summary>
    public ChatFormat Format { get; } = new(tokenizer);

    /// <summary>
    /// The tokens that are scored for an answer, as <see cref="ChatFormat.Dialogue"/> writes them. Of a text longer than the context the end is kept
    /// behind the token that begins a text.
    /// </summary>
    public ScoredText Encode(IReadOnlyList<ChatTurn> turns, string completion)
    {
        var (ids, promptLength) = Format.Dialogue(turns, completion);
        var cut = Math.Max(0, ids.Length - model.Config.ContextLength);
        if (cut == 0) return new(ids, promptLength);
        var begin = ids[0] == tokenizer.BosId ? 1 : 0;
        return new([.. ids[..begin], .. ids[(cut + begin)..]], Math.Clamp(promptLength - cut, begin, ids.Length - cut - 1)) { Truncated = true };
    }

    /// <inheritdoc cref="Encode(IReadOnlyList{ChatTurn}, string)"/>
    public ScoredText Encode(string prompt, string completion) => Encode([new ChatTurn("user", prompt)], completion);

    /// <summary>The head's output [batch] at the end of right-padded sequences; a difference of two is the log-odds of a preference.</summary>
    public Tensor Raw(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        return head.Forward(Last(batch)).MoveToOuterDisposeScope();
    }

    // [batch, hidden]
    Tensor Last(TokenBatch batch)
    {
        var rows = Range(batch.Tokens.shape[0], device: batch.Tokens.device);
        return model.Hidden(batch.Tokens).index([TensorIndex.Tensor(rows), TensorIndex.Tensor(batch.Lengths - Number(1))]);
    }

    /// <summary>The hidden state [hidden] that the head reads, of each of many texts, in the order of asking.</summary>
    /// <exception cref="InvalidDataException">A text is longer than the model's context.</exception>
    public IReadOnlyList<float[]> States(IReadOnlyList<ScoredText> texts, int batchSize, CancellationToken cancellationToken)
    {
        var states = new float[texts.Count][];
        ForEachBatch(texts, batchSize, (batch, rows) =>
        {
            var values = Last(batch).to(ScalarType.Float32).cpu();
            for (var k = 0; k < rows.Length; k++) states[rows[k]] = values[k].data<float>().ToArray();
        }, cancellationToken);
        return states;
    }

    /// <summary>The head's output [texts] at the end of each text of rows that hold several; no gradient.</summary>
    internal Tensor RawAt(RowBatch batch)
    {
        using var scope = NewDisposeScope();
        var hidden = model.Hidden(batch.Tokens, batch.Positions, batch.Sees, batch.Extent);
        return head.Forward(hidden.reshape(-1, hidden.shape[^1]).index_select(0, batch.Ends)).MoveToOuterDisposeScope();
    }

    /// <summary>The head's output at every position, [batch, time].</summary>
    public Tensor RawAtTokens(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        return head.Forward(model.Hidden(batch.Tokens)).MoveToOuterDisposeScope();
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

    /// <summary>
    /// Scores of many texts, in the order of asking, each in a pass of the fixed shape of its length (<see cref="ScoringTile"/>): a text's score has the same bits
    /// whatever is scored beside it.
    /// </summary>
    /// <inheritdoc cref="Score"/>
    public float[] ScoreInTiles(IReadOnlyList<ScoredText> texts, CancellationToken cancellationToken)
    {
        var raw = RawInTiles([.. texts.Select(t => t.Tokens)], cancellationToken);
        return [.. texts.Select((text, i) => Normalization.Score(Finite(raw[i], i, texts), text.Length))];
    }

    /// <summary>The head's output for many texts in such passes, whatever it is.</summary>
    /// <exception cref="InvalidDataException">A text is longer than the model's context.</exception>
    public float[] RawInTiles(IReadOnlyList<int[]> texts, CancellationToken cancellationToken) => (_tiles ??= new(this)).Ends(texts, cancellationToken);

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
            if (texts[rows[^1]].Tokens.Length is var longest && longest > model.Config.ContextLength)
                throw new InvalidDataException($"A text of {longest} tokens can't be scored; the reward model's context is {model.Config.ContextLength}.");
            using var scope = NewDisposeScope();
            action(TokenBatch.Pad([.. rows.Select(i => texts[i].Tokens)], tokenizer.PadId, model.Device), rows);
        }
    }

    /// <summary>A copy that computes in another floating-point type; the head and the normalization stay as they are.</summary>
    public RewardModel To(ScalarType type) => new(model.To(type), ScalarHead.Of(head.Weights, head.Offset, trainable: false), tokenizer) { Normalization = Normalization };

    static float Finite(float value, int text, IReadOnlyList<ScoredText> texts) =>
        float.IsFinite(value) ? value : throw new TrainingBatch(null, [$"text {text}"], [texts[text].Tokens]).NotFinite("score", value);

    /// <summary>
    /// Writes a Hugging Face folder that transformers reads as <c>…ForSequenceClassification</c>, and beside it what that has no place for: the
    /// head's offset and the normalization. There the model gives <see cref="Raw(TokenBatch)"/> without the offset.
    /// </summary>
    public void Save(string folder)
    {
        HuggingFaceFolder.SaveScorer(folder, model, tokenizer, head.Weights);
        File.WriteAllText(Path.Combine(folder, HeadFile), JsonSerializer.Serialize(new SavedHead(head.Offset, Normalization)));
    }

    /// <summary>Reads a folder that was saved here, or a reward model of the Hub, whose scores are its outputs.</summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged, or the model gives no scores.</exception>
    public static RewardModel Load(string folder, Device device)
    {
        var (model, tokenizer, score) = HuggingFaceFolder.LoadAny(folder, device, trainable: false);
        if (score is null)
        {
            model.Dispose();
            throw new InvalidDataException($"'{folder}' holds a model that predicts tokens; expected a reward model (architectures: …ForSequenceClassification with one label).");
        }
        using (score)
        {
            var saved = ReadHead(Path.Combine(folder, HeadFile));
            return new(model, ScalarHead.Of(score, saved.Offset, trainable: false), tokenizer) { Normalization = saved.Normalization };
        }
    }

    static SavedHead ReadHead(string path)
    {
        if (!File.Exists(path)) return new(0, new());
        try
        {
            return JsonSerializer.Deserialize<SavedHead>(File.ReadAllBytes(path)) is { Normalization: not null } saved
                ? saved
                : throw new InvalidDataException($"'{path}' has no Normalization, but an offset and a normalization were expected.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}' is no offset and normalization of a reward model: {e.Message}", e);
        }
    }

    sealed record SavedHead(double Offset, ScoreNormalization Normalization);

    public void Dispose()
    {
        model.Dispose();
        head.Dispose();
    }
}
