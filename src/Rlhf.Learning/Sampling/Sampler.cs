using Rlhf.Learning.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Sampling;

/// <summary>
/// Samples completions with continuous batching: every step feeds one token per slot, and a free slot takes the next request.
/// </summary>
/// <remarks>
/// Prompt tokens take the same path as sampled ones, so shapes never change, and each draw is a function of (seed, prompt id, sample index,
/// token position): order, neighbors and resumption change nothing.
/// </remarks>
/// <param name="model">The language model behind its port; it stays the caller's.</param>
/// <param name="hparams">How tokens are drawn.</param>
/// <param name="seed">Base seed of all draws.</param>
/// <param name="ends">Ids that end a completion; at least one.</param>
/// <param name="withLogprobs">Whether completions carry the model's log-probabilities; default false.</param>
public sealed class Sampler(ILanguageModelStep model, SamplingHParams hparams, ulong seed, IReadOnlyList<int> ends, bool withLogprobs = false)
{
    readonly SamplingHParams _hparams = hparams.Validate();

    /// <summary>
    /// Completions in the order of the requests; <paramref name="finished"/> gets each with its request's index as soon as it is done.
    /// </summary>
    /// <exception cref="InvalidDataException">A prompt leaves no room in the context, or the model's logits are not numbers.</exception>
    public SampledCompletion[] Run(
        IReadOnlyList<SampleRequest> requests, Action<int, SampledCompletion>? finished = null, CancellationToken cancellationToken = default)
    {
        foreach (var request in requests)
            Check(request);
        using var mode = no_grad();
        var completions = new SampledCompletion[requests.Count];
        var slots = new Slot?[model.Slots];
        var next = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var i = 0; i < slots.Length && next < requests.Count; i++)
                if (slots[i] is null)
                    slots[i] = Begin(i, next, requests[next++]);
            if (Array.TrueForAll(slots, slot => slot is null))
                return completions;
            Step(slots);
            for (var i = 0; i < slots.Length; i++)
                if (slots[i] is { } slot && Ended(slot))
                {
                    completions[slot.Index] = slot.Completion(ends);
                    finished?.Invoke(slot.Index, completions[slot.Index]);
                    slots[i] = null;
                }
        }
    }

    void Check(SampleRequest request)
    {
        if (request.Prompt.Length == 0)
            throw new ArgumentException("A prompt has no token, but at least the beginning of sequence was expected.");
        if (request.Prompt.Length >= model.Length)
            throw new InvalidDataException(
                $"A prompt of {request.Prompt.Length} tokens leaves no room for a completion in a context of {model.Length} tokens.");
    }

    Slot Begin(int slot, int index, SampleRequest request)
    {
        model.Reset(slot);
        return new(index, request, withLogprobs);
    }

    /// <summary>Feeds each slot's token at its position; a slot that has fed its whole text draws the next token.</summary>
    void Step(Slot?[] slots)
    {
        using var scope = NewDisposeScope();
        var tokens = slots.Select(slot => slot is null ? 0L : slot.Tokens[slot.Position]).ToArray();
        var positions = slots.Select(slot => slot is null ? 0L : slot.Position).ToArray();
        var logits = model.Logits(tensor(tokens, device: model.Device), tensor(positions, device: model.Device)); // [slots, vocabulary]
        foreach (var slot in slots)
            if (slot is not null)
                slot.Position++;
        if (Array.Exists(slots, Draws))
            Draw(slots, logits);
    }

    void Draw(Slot?[] slots, Tensor logits)
    {
        var allowed = WithoutEarlyEnd(slots, logits);
        var draws = tensor(slots.Select(slot => Draws(slot) ? slot!.Uniform(seed) : 0).ToArray(), device: model.Device);
        var chosen = TokenChoice.Choose(allowed, draws, _hparams);
        var ids = chosen.cpu().data<long>().ToArray();
        var logprobs = logits.gather(1, chosen.unsqueeze(1)).squeeze(1).sub_(logits.logsumexp(-1)).cpu().data<float>().ToArray();
        for (var i = 0; i < slots.Length; i++)
            if (slots[i] is { } slot && Draws(slot))
                slot.Add((int)ids[i], float.IsNaN(logprobs[i])
                    ? throw new InvalidDataException(
                        $"The model's logits after {slot.Position} tokens are not numbers, so no token can be drawn.")
                    : logprobs[i]);
    }

    /// <summary>The logits with the end of sequence made impossible in slots whose completion is still too short.</summary>
    Tensor WithoutEarlyEnd(Slot?[] slots, Tensor logits)
    {
        var early = slots.Select(slot => slot is not null && slot.NewTokens < _hparams.MinNewTokens).ToArray();
        if (!Array.Exists(early, e => e))
            return logits;
        var end = zeros(logits.shape[1], ScalarType.Bool, model.Device);
        foreach (var id in ends) end[id] = true;
        return logits.masked_fill(tensor(early, device: model.Device).unsqueeze(1).logical_and(end), Number(double.NegativeInfinity));
    }

    static bool Draws(Slot? slot) => slot is not null && slot.Position == slot.Tokens.Count;

    bool Ended(Slot slot) => slot.NewTokens > 0
        && (ends.Contains(slot.Tokens[^1]) || slot.NewTokens == _hparams.MaxNewTokens || slot.Tokens.Count == model.Length);

    /// <summary>A request under way: its tokens so far, of which those before <see cref="Position"/> have been fed.</summary>
    sealed class Slot(int index, SampleRequest request, bool withLogprobs)
    {
        readonly List<float> _logprobs = [];

        internal int Index => index;
        internal List<int> Tokens { get; } = [.. request.Prompt];
        internal int Position { get; set; }
        internal int NewTokens => Tokens.Count - request.Prompt.Length;

        internal double Uniform(ulong seed) => CounterRandom.Uniform(seed, request.PromptId, (uint)request.SampleIndex, (uint)NewTokens);

        internal void Add(int token, float logprob)
        {
            Tokens.Add(token);
            _logprobs.Add(logprob);
        }

        internal SampledCompletion Completion(IReadOnlyList<int> ends) =>
            new([.. Tokens], request.Prompt.Length, ends.Contains(Tokens[^1]), withLogprobs ? [.. _logprobs] : null) { PromptId = request.PromptId };
    }
}
