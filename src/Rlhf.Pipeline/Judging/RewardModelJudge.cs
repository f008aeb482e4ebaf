using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;

namespace Rlhf.Pipeline.Judging;

/// <summary>
/// A reward model as the labeler: the side with the higher score is the better one. The difference of the scores is taken in the model's own log-odds, of
/// an ensemble the members' mean; the probability is its logistic function. Failures propagate.
/// </summary>
sealed class RewardModelJudge(IObjectStore objects) : ILabeler
{
    const int QuestionsAtOnce = 32;

    public bool AnswersAtOnce => true;

    public Task AskAsync(LabelingRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Check(request);
        return Task.CompletedTask;
    }

    public async Task<LabelingProgress> CollectAsync(LabelingRequest request, DateTimeOffset askedAt, CancellationToken cancellationToken)
    {
        var judge = Check(request);
        var tieWidth = OwnJudges.SettingsOf(request).JudgeTieWidth;
        var simulated = await OwnJudges.IsSimulatedAsync(objects, judge, cancellationToken);
        var members = await new ArtifactStore(objects).LoadRewardModelsAsync(judge, cancellationToken);
        try
        {
            var verdicts = new List<JudgedVerdicts>();
            foreach (var questions in request.Questions.Chunk(QuestionsAtOnce))
            {
                verdicts.AddRange(LogOdds(members, questions, cancellationToken).Zip(questions, (logOdds, question) => Verdict(judge, question, logOdds, tieWidth)));
                request.Progress((double)verdicts.Count / request.Questions.Count, $"{verdicts.Count} of {request.Questions.Count} comparisons scored");
            }
            var report = JudgeReport.Of(judge.ToString(), verdicts) with { TieWidth = tieWidth, Simulated = simulated };
            return new([.. verdicts.Select(v => v.ToJudgement(guidelines: null, simulated))], Pending: 0, NextAnswerAt: null) { Files = report.ToFiles(verdicts, constitution: null) };
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }

    static ArtifactRef Check(LabelingRequest request) =>
        request.JudgementsPerQuestion == 1
            ? OwnJudges.Of(request, OwnJudges.RewardModel, "reward-model")
            : throw new ArgumentException($"'judgementsPerComparison' is {request.JudgementsPerQuestion}, but a reward model has one opinion of a comparison; expected 1.");

    static List<double> LogOdds(IReadOnlyList<RewardModel> members, IReadOnlyList<Question> questions, CancellationToken cancellationToken)
    {
        var ofMembers = members.Select(member =>
        {
            var texts = questions.SelectMany(q => new[] { q.A, q.B }.Select(side => member.Encode(q.Prompt.Chat(), side))).ToList();
            var scores = member.Score(texts, 2 * QuestionsAtOnce, cancellationToken);
            return questions.Select((_, i) => (scores[2 * i] - (double)scores[2 * i + 1]) / member.Normalization.Gain).ToList();
        }).ToList();
        return [.. questions.Select((_, i) => ofMembers.Average(m => m[i]))];
    }

    // The order of the sides is nothing to a model that reads one at a time.
    static JudgedVerdicts Verdict(ArtifactRef judge, Question question, double logOdds, double tieWidth)
    {
        var strength = OwnJudges.Strength(logOdds, tieWidth);
        var side = strength == 0 ? Side.Tie : logOdds > 0 ? Side.A : Side.B;
        return new(question.Id, new JudgeName(judge.Short).ToString(), Principle: null, [new(Side.A, side, strength, OwnJudges.Sigmoid(logOdds))]);
    }
}
