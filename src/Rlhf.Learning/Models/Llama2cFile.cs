using System.Runtime.InteropServices;
using Rlhf.Learning.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>Reads llama2.c's model file (version 0): seven int32, then all weights as float32, stacked over the layers.</summary>
static class Llama2cFile
{
    const int HeaderSize = 7 * sizeof(int);

    /// <summary>The one model file of a folder (a <c>.bin</c> whose name does not begin with <c>tok</c>), or null.</summary>
    internal static string? FindWeights(string folder) => One(folder, name => !IsTokenizer(name));

    internal static (DecoderModel, ITokenizer) Load(string path, Device device, bool trainable)
    {
        var tokenizer = Tokenizer(path);
        using var stream = File.OpenRead(path);
        var config = Config(stream, path, tokenizer);
        HuggingFaceFolder.Check(Path.GetDirectoryName(path)!, config, tokenizer);
        var parameters = new ParameterSet(config.ParameterShapes(), device, trainable);
        foreach (var tensor in Layout(config))
            Read(stream, tensor, config, parameters);
        return (new(config, parameters), tokenizer);
    }

    /// <summary>The model's shape and its tokenizer, without its weights.</summary>
    internal static (DecoderConfig, ITokenizer) Shape(string path)
    {
        var tokenizer = Tokenizer(path);
        using var stream = File.OpenRead(path);
        return (Config(stream, path, tokenizer), tokenizer);
    }

    static Llama2cTokenizer Tokenizer(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        return Llama2cTokenizer.Load(One(folder, IsTokenizer)
            ?? throw new InvalidDataException(
                $"'{folder}' has the model '{Path.GetFileName(path)}' but no single tokenizer tok*.bin, which was expected beside it."));
    }

    static bool IsTokenizer(string name) => name.StartsWith("tok", StringComparison.Ordinal);

    static string? One(string folder, Func<string, bool> matches)
    {
        string[] files = [.. Directory.GetFiles(folder, "*.bin").Where(file => matches(Path.GetFileName(file)))];
        return files.Length <= 1
            ? files.FirstOrDefault()
            : throw new InvalidDataException(
                $"'{folder}' has {files.Length} files of which one was expected: {string.Join(", ", files.Select(Path.GetFileName).Order(StringComparer.Ordinal))}.");
    }

    static DecoderConfig Config(Stream stream, string path, Llama2cTokenizer tokenizer)
    {
        if (stream.Length < HeaderSize)
            throw new InvalidDataException(
                $"'{path}' is truncated: it has {stream.Length} bytes, but a header of {HeaderSize} was expected.");
        var header = new int[7];
        stream.ReadExactly(MemoryMarshal.AsBytes(header.AsSpan()));
        var config = new DecoderConfig
        {
            HiddenSize = header[0],
            IntermediateSize = header[1],
            NumHiddenLayers = header[2],
            NumAttentionHeads = header[3],
            NumKeyValueHeads = header[4],
            VocabSize = header[5] == int.MinValue ? 0 : Math.Abs(header[5]),
            MaxPositionEmbeddings = header[6],
            BosTokenId = tokenizer.BosId,
            EosTokenId = tokenizer.EosId,
            TieWordEmbeddings = header[5] > 0, // a negative size says that the classifier is not shared
        }.Validate();
        var expected = HeaderSize + Layout(config).Sum(t => (decimal)t.Count) * sizeof(float);
        return stream.Length == expected
            ? config
            : throw new InvalidDataException(
                $"'{path}' is {(stream.Length < expected ? "truncated" : "too long")}: it has {stream.Length} bytes, but its header asks for {expected}.");
    }

    /// <param name="Count">Numbers in all layers together; a damaged header can ask for more than a long counts.</param>
    readonly record struct Stacked(string? Name, decimal Count, bool Layered);

    /// <summary>The file's tensors in their order; the two rotary tables have no name, since they are computed.</summary>
    static IEnumerable<Stacked> Layout(DecoderConfig config)
    {
        decimal hidden = config.HiddenSize, layers = config.NumHiddenLayers, size = config.HeadSize;
        decimal keyValues = config.NumKeyValueHeads * size * hidden, feedForward = config.IntermediateSize * hidden;
        decimal vocabulary = config.VocabSize * hidden;
        yield return new("model.embed_tokens.weight", vocabulary, false);
        yield return new("input_layernorm.weight", layers * hidden, true);
        yield return new("self_attn.q_proj.weight", layers * hidden * hidden, true);
        yield return new("self_attn.k_proj.weight", layers * keyValues, true);
        yield return new("self_attn.v_proj.weight", layers * keyValues, true);
        yield return new("self_attn.o_proj.weight", layers * hidden * hidden, true);
        yield return new("post_attention_layernorm.weight", layers * hidden, true);
        yield return new("mlp.gate_proj.weight", layers * feedForward, true);
        yield return new("mlp.down_proj.weight", layers * feedForward, true);
        yield return new("mlp.up_proj.weight", layers * feedForward, true);
        yield return new("model.norm.weight", hidden, false);
        yield return new(null, config.MaxPositionEmbeddings * size, false);
        if (!config.TieWordEmbeddings)
            yield return new("lm_head.weight", vocabulary, false);
    }

    static void Read(Stream stream, Stacked stacked, DecoderConfig config, ParameterSet parameters)
    {
        if (stacked.Name is null)
        {
            stream.Seek((long)stacked.Count * sizeof(float), SeekOrigin.Current);
            return;
        }
        for (var i = 0; i < (stacked.Layered ? config.NumHiddenLayers : 1); i++)
        {
            using var scope = NewDisposeScope();
            var name = stacked.Layered ? $"model.layers.{i}.{stacked.Name}" : stacked.Name;
            var values = new float[(int)(stacked.Count / (stacked.Layered ? config.NumHiddenLayers : 1))];
            stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            var weight = tensor(values, parameters[name].shape);
            var turned = stacked.Name is "self_attn.q_proj.weight" or "self_attn.k_proj.weight";
            parameters.Set(name, turned ? PairHalves(weight, config.HeadSize) : weight);
        }
    }

    /// <summary>Rows of each head from pairs of neighbors (2i, 2i + 1) to pairs of halves (i, i + size/2).</summary>
    static Tensor PairHalves(Tensor weight, long headSize) =>
        weight.view(-1, headSize / 2, 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape);
}
