using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Sft;
using Rlhf.Learning.Tests.Support;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Evaluation;

public sealed class TextLikelihoodTests : IDisposable
{
    readonly DecoderModel _model = DecoderModel.Initialize(TinyModels.Config, 7, TorchDevice.FromEnvironment());

    public void Dispose() => _model.Dispose();

    static readonly GivenText[] Texts = [new("a", [1, 5, 6, 7, 2], 1), new("b", [1, 9, 4], 2), new("c", [1, 3, 3, 8, 8, 8, 11, 2], 4)];

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.5)]
    public void It_is_the_sum_of_the_log_probabilities_of_the_tokens_that_are_not_given(double temperature)
    {
        var together = TextLikelihood.Logprobs(_model, Texts, padId: 0, temperature);

        foreach (var (text, logprob) in Texts.Zip(together)) Assert.Equal(TokenByToken(text, temperature), logprob, 1e-5);
    }

    [Fact]
    public void By_the_tokens_of_whole_texts_it_is_the_loss_that_supervised_training_lowers()
    {
        GivenText[] whole = [.. Texts.Select(t => t with { Given = 1 })];
        using var mode = no_grad();

        var loss = SupervisedTrainer.Loss(_model, TokenBatch.Pad([.. whole.Select(t => t.Tokens)], 0, _model.Device)).Value();

        Assert.Equal(loss, -TextLikelihood.Logprobs(_model, whole, 0).Sum() / whole.Sum(t => t.Counted), 1e-6);
    }

    [Fact]
    public void A_text_that_is_given_as_a_whole_is_certain()
    {
        Assert.Equal([0.0], TextLikelihood.Logprobs(_model, [new("a", [1, 5], 2)], 0));
        var beside = TextLikelihood.Logprobs(_model, [new("a", [1, 5], 2), Texts[0]], 0);
        Assert.Equal(0, beside[0]);
        Assert.Equal(TokenByToken(Texts[0], 1), beside[1], 1e-5);
    }

    [Fact]
    public void A_log_probability_that_is_no_number_names_its_text()
    {
        using (no_grad()) _model.Parameters["model.norm.weight"].fill_(float.NaN);

        var error = Assert.Throws<NonFiniteException>(() => TextLikelihood.Logprobs(_model, Texts, 0));

        Assert.Equal("The log-probability is NaN (batch a); expected finite numbers.", error.Message);
    }

    double TokenByToken(GivenText text, double temperature)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        return Enumerable.Range(text.Given, text.Counted).Sum(t =>
        {
            var logits = _model.Logits(_model.Hidden(TokenBatch.Pad([text.Tokens[..t]], 0, _model.Device).Tokens))[0, ^1].cpu().data<float>().Select(l => l / temperature).ToArray();
            return logits[text.Tokens[t]] - Math.Log(logits.Sum(Math.Exp));
        });
    }
}
