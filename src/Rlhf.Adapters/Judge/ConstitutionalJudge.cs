using Rlhf.Adapters.Resilience;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Adapters.Judge;

/// <summary>A judgement that the judge did not give in a usable form; <c>judgements</c> artifact, file <c>unusable.jsonl</c>, which is there only where there are some.</summary>
sealed record UnusableVerdict(string ComparisonId, string Principle, string Reason);

/// <summary>
/// An AI judge behind an OpenAI-compatible endpoint, which goes by a constitution (Bai et al. 2022): for each judgement of a comparison another principle
/// is drawn, both orders are asked, each with a critique before the verdict, and where they do not agree the judgement is a tie. Left out of the paper:
/// chain-of-thought examples in the prompt, and clamping of the probabilities. Answers are kept in the store by their content, so asking again is the
/// same asking. Failures propagate.
/// </summary>
public sealed class ConstitutionalJudge(Func<JudgeSettings?> settings, IObjectStore objects, Constitutions constitutions, TimeProvider time, PipelineOptions? resilience = null) : ILabeler
{
    readonly Lazy<(JudgeSettings Settings, JudgeEndpoint Endpoint)> _endpoint = new(() =>
    {
        var set = settings() ?? throw new ArgumentException($"{JudgeSettings.Variable} is not set; expected the address of an OpenAI-compatible API, such as https://judge.example/v1, for the labeler judge.");
        return (set, JudgeEndpoint.Open(set, resilience, time));
    });

    /// <exception cref="ArgumentException">No endpoint is configured, there is no such constitution, or it has too few principles for an axis.</exception>
    public Task AskAsync(LabelingRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (request.Judge is { } judge) throw new ArgumentException($"'judge' is {judge.Short}, but the labeler judge asks the endpoint of {JudgeSettings.Variable}; expected no judge, or the labeler reward-model or policy.");
        var (_, constitution) = TermsOf(request);
        foreach (var question in request.Questions) constitution.Draw(question, request.JudgementsPerQuestion, request.Seed);
        return Task.CompletedTask;
    }

    public async Task<LabelingProgress> CollectAsync(LabelingRequest request, DateTimeOffset askedAt, CancellationToken cancellationToken)
    {
        var (set, endpoint) = _endpoint.Value;
        var (terms, constitution) = TermsOf(request);
        var asked = request.Questions
            .SelectMany(q => constitution.Draw(q, request.JudgementsPerQuestion, request.Seed)
                .Select(p => (Question: q, Principle: p, Calls: new[] { Side.A, Side.B }.Select(first => JudgeCall.Of(q, p, first, terms)).ToList())))
            .ToList();
        var budget = await JudgeBudget.OpenAsync(objects, set, request.Instance.Length > 0 ? request.Instance : request.Id, cancellationToken);
        var session = new JudgeSession(endpoint, new(objects), budget, terms, set.AtOnce);
        var (answers, unusable) = await session.AskAsync(
            [.. asked.SelectMany(a => a.Calls)], (done, all) => request.Progress((double)done / all, $"{done} of {all} answers of the judge {terms.Model}"), cancellationToken);

        // No verdict is made up: a judgement without a usable answer in both orders is not given.
        var unjudged = asked.Where(a => a.Calls.Exists(c => unusable.ContainsKey(c.Key)))
            .Select(a => new UnusableVerdict(a.Question.Id, a.Principle.Id, unusable[a.Calls.First(c => unusable.ContainsKey(c.Key)).Key])).ToList();
        var verdicts = asked.Where(a => a.Calls.TrueForAll(c => answers.ContainsKey(c.Key))).Select(a => new JudgedVerdicts(
            a.Question.Id, new JudgeName(terms.Model, a.Principle.Id).ToString(), a.Principle.Id, [.. a.Calls.Select(c => Verdict(c, answers[c.Key]))])).ToList();
        var report = Report(set, terms, constitution, verdicts, [.. answers.Values]);
        var files = new Dictionary<string, byte[]>(report.ToFiles(verdicts, constitution));
        if (unjudged.Count > 0) files["unusable.jsonl"] = JsonLines.Serialize(unjudged);
        return new([.. verdicts.Select(v => v.ToJudgement(constitution.Title, simulated: false))], Pending: 0, NextAnswerAt: null)
        {
            Files = files,
            Remark = unjudged is [var first, ..]
                ? $"the judge '{terms.Model}' gave no usable verdict on {unjudged.Count} of {asked.Count}, asked twice, and none is made up; the first is comparison {first.ComparisonId}: {first.Reason}"
                : null,
        };
    }

    (JudgeTerms Terms, Constitution Constitution) TermsOf(LabelingRequest request)
    {
        var hparams = RecordBinding.Bind<CollectJudgements.HParams>(request.Settings, "judge, settings");
        var constitution = constitutions.Read(hparams.JudgeConstitution);
        return (JudgeTerms.Of(_endpoint.Value.Settings.Model, constitution, hparams), constitution);
    }

    static OrderVerdict Verdict(JudgeCall call, KeptAnswer answer)
    {
        var isA = call.ShownFirst == Side.A;
        var side = answer.Better == Shown.Tie ? Side.Tie : answer.Better == Shown.First == isA ? Side.A : Side.B;
        return new(call.ShownFirst, side, answer.Strength, isA ? answer.FirstProbability : 1 - answer.FirstProbability)
        {
            Critique = answer.Critique,
            InputTokens = answer.InputTokens,
            OutputTokens = answer.OutputTokens,
            Repaired = answer.Repaired,
        };
    }

    static JudgeReport Report(JudgeSettings set, JudgeTerms terms, Constitution constitution, IReadOnlyList<JudgedVerdicts> verdicts, IReadOnlyList<KeptAnswer> answers)
    {
        var metered = answers.Where(a => a is { InputTokens: not null, OutputTokens: not null }).ToList();
        var (input, output) = (metered.Sum(a => a.InputTokens!.Value), metered.Sum(a => a.OutputTokens!.Value));
        return JudgeReport.Of(terms.Model, verdicts) with
        {
            AnsweredAs = [.. answers.Select(a => a.AnsweredAs).OfType<string>().Distinct().Order(StringComparer.Ordinal)],
            Constitution = constitution.Title,
            Temperature = terms.Temperature,
            Seed = terms.Seed,
            AnswerTokens = terms.AnswerTokens,
            InputTokens = input,
            OutputTokens = output,
            Unmetered = answers.Count - metered.Count,
            Cost = metered.Count == answers.Count ? set.Prices?.Of(input, output) : null,
            Prices = set.Prices?.ToString(),
        };
    }
}
