using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Judge;

/// <summary>An answer that cannot be used although it was asked for twice.</summary>
sealed class UnusableAnswerException(string reason) : Exception(reason);

/// <summary>One asking: questions answered from what is kept, or by the endpoint, several at a time. What has been answered is kept at once.</summary>
sealed class JudgeSession(JudgeEndpoint endpoint, AnswerStore answers, JudgeBudget budget, JudgeTerms terms, int atOnce)
{
    // A judge that says nothing usable so often, of what it is asked now, will not begin to.
    const int MostUnusable = 10;
    const double MostUnusableShare = 0.1;

    /// <summary>By key, and which calls had no usable answer, asked twice, and why; those are asked again at the next asking. Told is how many are answered.</summary>
    /// <exception cref="InvalidDataException">The budget does not allow all, the endpoint refuses, or many answers cannot be used; names what, and says that the others are kept.</exception>
    /// <exception cref="IOException">The endpoint cannot be reached.</exception>
    public async Task<(IReadOnlyDictionary<string, KeptAnswer> Answers, IReadOnlyDictionary<string, string> Unusable)> AskAsync(IReadOnlyList<JudgeCall> calls, Action<int, int> told, CancellationToken cancellationToken)
    {
        var distinct = calls.DistinctBy(c => c.Key).ToList();
        var kept = new ConcurrentDictionary<string, KeptAnswer>();
        var unusable = new ConcurrentQueue<(JudgeCall Call, string Reason)>();
        Exception? stop = null;
        var options = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(distinct, options, async (call, token) =>
        {
            if (await answers.FindAsync(call.Key, token) is { } answer) kept[call.Key] = answer;
        });
        var before = kept.Count;
        told(before, distinct.Count);
        await Parallel.ForEachAsync(distinct.Where(c => !kept.ContainsKey(c.Key)).ToList(), options, async (call, token) =>
        {
            // Those on their way are waited for: their answers will have been paid for.
            if (Volatile.Read(ref stop) is not null || IsTooMany()) return;
            try
            {
                kept[call.Key] = await AskAsync(call, token);
                told(kept.Count, distinct.Count);
            }
            catch (UnusableAnswerException e)
            {
                unusable.Enqueue((call, e.Message));
            }
            catch (Exception e) when (e is BudgetExhaustedException or IOException or InvalidDataException)
            {
                Interlocked.CompareExchange(ref stop, e, null);
            }
        });
        var rest = $"{kept.Count} of {distinct.Count} answers are there and kept";
        if (stop is BudgetExhaustedException) throw new InvalidDataException($"{char.ToUpperInvariant(stop.Message[0])}{stop.Message[1..]}. {rest}; raise the budget and try the step again (rlhf instances retry).");
        if (stop is InvalidDataException) throw new InvalidDataException($"{stop.Message} {rest}.", stop);
        if (stop is not null) throw new IOException($"{stop.Message} {rest}.", stop);
        if (IsTooMany() && unusable.TryPeek(out var first))
            throw new InvalidDataException($"The judge '{terms.Model}' gave no usable verdict on {first.Call}, asked twice: {first.Reason}. {unusable.Count} such; {rest}, and no verdict is made up for the others.");
        return (kept, unusable.ToDictionary(u => u.Call.Key, u => u.Reason));

        bool IsTooMany() => unusable.Count >= MostUnusable && unusable.Count > MostUnusableShare * (kept.Count - before + unusable.Count);
    }

    /// <summary>Asks, and once more where the answer cannot be used.</summary>
    /// <exception cref="UnusableAnswerException">Neither can be used; the message says why the second cannot.</exception>
    async Task<KeptAnswer> AskAsync(JudgeCall call, CancellationToken cancellationToken)
    {
        var (kept, said, reason) = await TryAsync(call, call.Messages, Kept, cancellationToken);
        if (kept is not null) return kept;
        List<ChatMessage> again = [.. call.Messages];
        if (!string.IsNullOrWhiteSpace(said.Text)) again.Add(new(ChatRole.Assistant, said.Text));
        again.Add(JudgePrompt.Repair(reason!));
        var (repaired, _, still) = await TryAsync(
            call, again,
            (second, answer) => Kept(second, answer) with { InputTokens = said.InputTokens + second.InputTokens, OutputTokens = said.OutputTokens + second.OutputTokens, Repaired = true },
            cancellationToken);
        return repaired ?? throw new UnusableAnswerException(still!);
    }

    async Task<(KeptAnswer? Kept, EndpointAnswer Said, string? Reason)> TryAsync(
        JudgeCall call, IReadOnlyList<ChatMessage> messages, Func<EndpointAnswer, JudgeAnswer, KeptAnswer> toKeep, CancellationToken cancellationToken)
    {
        var (most, longest) = (JudgeEndpoint.MostInput(messages), (long)terms.AnswerTokens);
        await budget.ReserveAsync(most, longest, cancellationToken);
        EndpointAnswer said;
        try
        {
            said = await endpoint.AskAsync(messages, terms, cancellationToken);
        }
        catch
        {
            budget.Release(most, longest);
            throw;
        }
        var (answer, reason) = said.Trouble is { } trouble ? (null, trouble) : JudgeAnswer.Parse(said.Text);
        // What was paid for is kept first, and whoever stops now is not heard before it is.
        var kept = answer is null ? null : await answers.KeepAsync(call.Key, toKeep(said, answer), CancellationToken.None);
        await budget.SettleAsync(most, longest, said.InputTokens, said.OutputTokens, CancellationToken.None);
        return (kept, said, reason);
    }

    static KeptAnswer Kept(EndpointAnswer said, JudgeAnswer answer) => new(
        answer.Critique, answer.Better, answer.Strength, said.Tokens is { } tokens ? VerdictProbability.OfFirst(tokens, said.Text, answer.Offset) : null,
        said.InputTokens, said.OutputTokens, said.AnsweredAs);
}
