using System.Globalization;
using System.Text.Json.Nodes;
using Rlhf.Simulation.Gold;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Simulation.Labelers;

/// <summary>
/// Labelers of different reliability who answer from the hidden gold preference with Bradley-Terry noise, a length bias and carelessness.
/// An answer follows from (seed, question, labeler) alone. Nothing is stored: asking again is the same asking. Failures propagate.
/// </summary>
public sealed class SimulatedLabelers(TimeProvider time) : ILabeler
{
    /// <exception cref="ArgumentException">A setting is unknown or out of its range, or a question needs more labelers than there are.</exception>
    public Task AskAsync(LabelingRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        SettingsOf(request);
        return Task.CompletedTask;
    }

    public Task<LabelingProgress> CollectAsync(LabelingRequest request, DateTimeOffset askedAt, CancellationToken cancellationToken)
    {
        var settings = SettingsOf(request);
        var lateAt = askedAt + TimeSpan.FromSeconds(settings.SimulatedLateSeconds);
        var waiting = time.GetUtcNow() < lateAt;
        var judgements = new List<Judgement>();
        var pending = 0;
        foreach (var question in request.Questions)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var difference = GoldPreference.Score(question.Prompt, question.A, question.Axis) - GoldPreference.Score(question.Prompt, question.B, question.Axis);
            foreach (var labeler in LabelersOf(question, request, settings))
            {
                var chance = new Draws(request.Seed, question.Id, Name(labeler));
                var late = chance.Chance(settings.SimulatedLateShare);
                if (late && waiting) pending++;
                else judgements.Add(Judge(question, labeler, difference, settings, chance));
            }
        }
        return Task.FromResult(new LabelingProgress(judgements, pending, pending > 0 ? lateAt : null));
    }

    static CollectJudgements.HParams SettingsOf(LabelingRequest request)
    {
        var settings = RecordBinding.Bind<CollectJudgements.HParams>(request.Settings, "simulated labelers, settings");
        if (request.JudgementsPerQuestion < 1 || request.JudgementsPerQuestion > settings.SimulatedLabelers)
            throw new ArgumentException(
                $"'judgementsPerComparison' is {request.JudgementsPerQuestion}; expected 1 to 'simulatedLabelers' ({settings.SimulatedLabelers}), "
                + "each judgement being another labeler's.");
        return settings;
    }

    // The first of a shuffle (Fisher-Yates) of all labelers, in the order of their numbers.
    static IEnumerable<int> LabelersOf(Question question, LabelingRequest request, CollectJudgements.HParams settings)
    {
        var draws = new Draws(request.Seed, question.Id, "labelers");
        var all = Enumerable.Range(0, settings.SimulatedLabelers).ToArray();
        for (var i = 0; i < request.JudgementsPerQuestion; i++)
        {
            var other = i + draws.Below(all.Length - i);
            (all[i], all[other]) = (all[other], all[i]);
        }
        return all.Take(request.JudgementsPerQuestion).Order();
    }

    static Judgement Judge(Question question, int labeler, double difference, CollectJudgements.HParams settings, Draws chance)
    {
        var careless = chance.Chance(settings.SimulatedCareless);
        var uniform = Math.Clamp(chance.Uniform(), 1e-12, 1 - 1e-12);
        var logistic = Math.Log(uniform / (1 - uniform));
        var noise = settings.SimulatedNoise * Reliability(labeler, settings.SimulatedLabelers);
        var perceived = difference + settings.SimulatedLengthBias * (question.A.Length - question.B.Length) / 100 + noise * logistic;
        var seconds = SecondsOf(question, careless, chance);
        if (careless) return Answer(chance.Chance(0.5) ? Side.A : Side.B, 1 + chance.Below(3));
        var size = Math.Abs(perceived);
        return size < settings.SimulatedTieWidth
            ? Answer(Side.Tie, 0)
            : Answer(perceived > 0 ? Side.A : Side.B, size < Better ? 1 : size < MuchBetter ? 2 : 3);

        Judgement Answer(Side side, int strength) => new(question.Id, Name(labeler), side, strength, seconds, Simulated: true) { Kind = LabelerKind.Simulated };
    }

    /// <summary>Perceived differences, in units of gold, from which one side is better, and much better.</summary>
    const double Better = 0.25, MuchBetter = 0.55;

    /// <summary>The factor of a labeler's noise: 0.5 for the first, rising linearly to 1.5 for the last; 1 where there is only one.</summary>
    static double Reliability(int labeler, int labelers) => labelers == 1 ? 1 : 0.5 + (double)labeler / (labelers - 1);

    // Reading at five words (25 characters) a second and a moment to decide; who does not look is quick. Whole tenths, as a page would note.
    static double SecondsOf(Question question, bool careless, Draws chance)
    {
        var reading = careless ? 1 : (question.Prompt.Sum(t => t.Text.Length) + question.A.Length + question.B.Length) / 25.0;
        return Math.Round(reading + 1 + 4 * chance.Uniform(), 1);
    }

    static string Name(int labeler) => "simulated-" + (labeler + 1).ToString(CultureInfo.InvariantCulture);
}
