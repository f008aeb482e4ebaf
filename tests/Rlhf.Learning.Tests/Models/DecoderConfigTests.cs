using Rlhf.Learning.Models;
using Rlhf.Learning.Tests.Support;

namespace Rlhf.Learning.Tests.Models;

public class DecoderConfigTests
{
    public static TheoryData<DecoderConfig, string> Bad => new()
    {
        { Some.Config() with { HiddenSize = 0 }, "hidden_size is 0, but at least 1 was expected" },
        { Some.Config() with { IntermediateSize = -1 }, "intermediate_size is -1, but at least 1 was expected" },
        { Some.Config() with { NumHiddenLayers = 0 }, "num_hidden_layers is 0, but at least 1 was expected" },
        { Some.Config() with { NumAttentionHeads = 0 }, "num_attention_heads is 0, but at least 1 was expected" },
        { Some.Config() with { NumKeyValueHeads = 3 }, "num_key_value_heads is 3, but a divisor of num_attention_heads (4) was expected" },
        { Some.Config() with { HiddenSize = 36 }, "hidden_size is 36, but 4 heads of even size were expected to fill it" },
        { Some.Config() with { VocabSize = 1 }, "vocab_size is 1, but at least 2 was expected" },
        { Some.Config() with { MaxPositionEmbeddings = 0 }, "max_position_embeddings is 0, but at least 1 was expected" },
        { Some.Config() with { NormEpsilon = 0 }, "rms_norm_eps is 0, but a number between 0 and 1 was expected" },
        { Some.Config() with { RopeTheta = double.NaN }, "rope_theta is NaN, but a finite number above 1 was expected" },
        { Some.Config() with { EosTokenId = 270 }, "eos_token_id is 270, but an id below vocab_size (270) was expected" },
        { Some.Config() with { PadTokenId = -1 }, "pad_token_id is -1, but an id below vocab_size (270) was expected" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_value_out_of_range_is_refused_in_one_sentence(DecoderConfig config, string sentence)
    {
        var error = Assert.Throws<InvalidDataException>(config.Validate);

        Assert.Equal($"The model configuration is not usable: {sentence}.", error.Message);
    }

    [Fact]
    public void The_output_layer_is_a_parameter_only_where_it_is_not_tied()
    {
        Assert.DoesNotContain(Some.Config(tied: true).ParameterShapes(), p => p.Name == "lm_head.weight");
        Assert.Contains(Some.Config(tied: false).ParameterShapes(), p => p.Name == "lm_head.weight");
    }

    [Fact]
    public void Grouped_heads_have_smaller_keys_and_values()
    {
        var shapes = Some.Config(keyValueHeads: 2).ParameterShapes().ToDictionary(p => p.Name, p => p.Shape);

        Assert.Equal([32, 32], shapes["model.layers.0.self_attn.q_proj.weight"]);
        Assert.Equal([16, 32], shapes["model.layers.0.self_attn.k_proj.weight"]);
    }
}
