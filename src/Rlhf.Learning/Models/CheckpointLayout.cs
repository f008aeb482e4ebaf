namespace Rlhf.Learning.Models;

/// <summary>A tensor of a checkpoint: its name and shape in the file, and the neighboring parameters that it fills, joined along the first dimension.</summary>
/// <param name="Transposed">The file has [inputs, outputs], as GPT-2's does; parameters are [outputs, inputs].</param>
sealed record FileTensor(string Name, long[] Shape, string[] Parameters, bool Transposed = false);

/// <summary>What the Hub's files call a decoder's parameters.</summary>
static class CheckpointLayout
{
    const string Gpt2Prefix = "transformer.";

    /// <summary>The tensors of a checkpoint, one for each parameter or, in GPT-2, for those that it keeps as one.</summary>
    internal static IEnumerable<FileTensor> Of(DecoderConfig config) => config.IsGpt2
        ? Gpt2(config)
        : config.ParameterShapes().Select(p => new FileTensor(p.Name, p.Shape, [p.Name]));

    /// <summary>The name in <see cref="Of"/> of what a file calls so: GPT-2's files are written with and without a prefix.</summary>
    internal static string Normalize(DecoderConfig config, string name) =>
        config.IsGpt2 && !name.StartsWith(Gpt2Prefix, StringComparison.Ordinal) && !name.StartsWith("lm_head.", StringComparison.Ordinal) && !name.StartsWith("score.", StringComparison.Ordinal)
            ? Gpt2Prefix + name
            : name;

    /// <summary>True for what files of some ages hold although it is computed: attention masks, rotary frequencies.</summary>
    internal static bool IsComputed(DecoderConfig config, string name) => config.IsGpt2
        ? name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attn.masked_bias", StringComparison.Ordinal)
        : name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);

    static IEnumerable<FileTensor> Gpt2(DecoderConfig config)
    {
        long hidden = config.HiddenSize, inner = config.IntermediateSize;
        yield return new("transformer.wte.weight", [config.VocabSize, hidden], ["model.embed_tokens.weight"]);
        yield return new("transformer.wpe.weight", [config.MaxPositionEmbeddings, hidden], ["model.embed_positions.weight"]);
        for (var i = 0; i < config.NumHiddenLayers; i++)
        {
            string file = $"transformer.h.{i}.", ours = $"model.layers.{i}.";
            string[] Three(string suffix) => [$"{ours}self_attn.q_proj.{suffix}", $"{ours}self_attn.k_proj.{suffix}", $"{ours}self_attn.v_proj.{suffix}"];
            yield return new(file + "ln_1.weight", [hidden], [ours + "input_layernorm.weight"]);
            yield return new(file + "ln_1.bias", [hidden], [ours + "input_layernorm.bias"]);
            yield return new(file + "attn.c_attn.weight", [hidden, 3 * hidden], Three("weight"), Transposed: true);
            yield return new(file + "attn.c_attn.bias", [3 * hidden], Three("bias"));
            yield return new(file + "attn.c_proj.weight", [hidden, hidden], [ours + "self_attn.o_proj.weight"], Transposed: true);
            yield return new(file + "attn.c_proj.bias", [hidden], [ours + "self_attn.o_proj.bias"]);
            yield return new(file + "ln_2.weight", [hidden], [ours + "post_attention_layernorm.weight"]);
            yield return new(file + "ln_2.bias", [hidden], [ours + "post_attention_layernorm.bias"]);
            yield return new(file + "mlp.c_fc.weight", [hidden, inner], [ours + "mlp.up_proj.weight"], Transposed: true);
            yield return new(file + "mlp.c_fc.bias", [inner], [ours + "mlp.up_proj.bias"]);
            yield return new(file + "mlp.c_proj.weight", [inner, hidden], [ours + "mlp.down_proj.weight"], Transposed: true);
            yield return new(file + "mlp.c_proj.bias", [hidden], [ours + "mlp.down_proj.bias"]);
        }
        yield return new("transformer.ln_f.weight", [hidden], ["model.norm.weight"]);
        yield return new("transformer.ln_f.bias", [hidden], ["model.norm.bias"]);
        if (!config.TieWordEmbeddings && config.HasLanguageHead) yield return new("lm_head.weight", [config.VocabSize, hidden], ["lm_head.weight"]);
    }
}
