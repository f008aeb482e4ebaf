using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>Sequences of a rollout with the place of their completions: prompt lengths count the beginning of sequence.</summary>
public sealed class CompletionBatch
{
    public CompletionBatch(IReadOnlyList<int[]> sequences, IReadOnlyList<int> promptLengths, int padId, Device device)
    {
        Tokens = TokenBatch.Pad(sequences, padId, device);
        var lengths = sequences.Select((s, i) => (long)(s.Length - promptLengths[i])).ToArray();
        Lengths = tensor(lengths, device: device);
        var width = (int)lengths.Max();
        var position = Range(width, device: device).unsqueeze(0);
        Mask = position < Lengths.unsqueeze(1);
        var starts = tensor(promptLengths.Select(p => (long)p).ToArray(), device: device).unsqueeze(1);
        Targets = starts.Plus(position).clamp_max(Number(Tokens.Tokens.shape[1] - 1));
    }

    public static CompletionBatch Of(IReadOnlyList<SampledCompletion> samples, int padId, Device device) =>
        new([.. samples.Select(s => s.Sequence)], [.. samples.Select(s => s.PromptLength)], padId, device);

    public TokenBatch Tokens { get; }

    /// <summary>[batch] tokens of each completion.</summary>
    public Tensor Lengths { get; }

    /// <summary>[batch, completion] true inside the completion.</summary>
    public Tensor Mask { get; }

    /// <summary>[batch, completion] where in the sequence each token of the completion stands; the position before predicts it.</summary>
    public Tensor Targets { get; }
}

/// <summary>What a policy says of the tokens of completions, [batch, completion] each.</summary>
public static class PolicyWithValue
{
    /// <summary>Hidden states that predict the completion's tokens: [batch, completion, hidden].</summary>
    public static Tensor Hidden(DecoderModel model, CompletionBatch batch)
    {
        using var scope = NewDisposeScope();
        var hidden = model.Hidden(batch.Tokens.Tokens);
        var index = (batch.Targets - Number(1)).unsqueeze(-1).expand(-1, -1, hidden.shape[2]);
        return hidden.gather(1, index).MoveToOuterDisposeScope();
    }

    /// <summary>Log-probability of each token under logits divided by the sampling temperature, and, where asked for, the entropy there.</summary>
    public static (Tensor Logprobs, Tensor? Entropy) Logprobs(DecoderModel model, Tensor hidden, CompletionBatch batch, double temperature, bool withEntropy)
    {
        using var scope = NewDisposeScope();
        // Whatever is as large as all logits is let go as soon as it can be; the linear map keeps no result of its own for the backward pass.
        Tensor all; // [batch, completion, vocabulary]
        using (var logits = model.Logits(hidden).div_(Number(temperature))) all = nn.functional.log_softmax(logits, -1);
        var tokens = batch.Tokens.Tokens.gather(1, batch.Targets).unsqueeze(-1);
        var entropy = withEntropy ? all.exp().mul(all).sum(-1).neg().MoveToOuterDisposeScope() : null;
        return (all.gather(-1, tokens).squeeze(-1).MoveToOuterDisposeScope(), entropy);
    }
}
