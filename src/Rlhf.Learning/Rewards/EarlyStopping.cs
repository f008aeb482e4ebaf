using System.Globalization;
using System.Text;
using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Rewards;

/// <summary>
/// Looks at pairs that are not trained on every so many updates; when their negative log-likelihood has not fallen for a number of looks the
/// training ends, and the reward model goes back to the weights of the best look.
/// </summary>
/// <param name="pairs">Judged pairs (no ties), chosen and rejected; at least one.</param>
/// <param name="every">Updates between two looks, at least 1.</param>
/// <param name="patience">Looks without a new best after which the training ends, at least 1.</param>
/// <param name="batchSize">Texts scored at a time.</param>
public sealed class EarlyStopping(IReadOnlyList<(ScoredText Chosen, ScoredText Rejected)> pairs, int every, int patience, int batchSize) : IDisposable
{
    const string WeightsFile = "stopping.safetensors", NumbersFile = "stopping.txt";

    Tensor[]? _best;
    double _bestNll = double.PositiveInfinity;
    int _looksSince;

    public int Every => every;

    /// <summary>True where the training is to end.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Mean negative log-likelihood of the pairs, in nats; ends the training where <paramref name="last"/> or patience is used up.</summary>
    internal double Look(RewardModel rewardModel, bool last, CancellationToken cancellationToken)
    {
        var raw = rewardModel.Raw([.. pairs.SelectMany(p => new[] { p.Chosen, p.Rejected })], batchSize, cancellationToken);
        var margins = Enumerable.Range(0, pairs.Count).Select(i => (raw[2 * i] - (double)raw[2 * i + 1], 1.0)).ToList();
        var nll = Margins.NegativeLogLikelihood(margins, beta: 1);
        if (nll < _bestNll)
        {
            (_bestNll, _looksSince) = (nll, 0);
            Keep(rewardModel);
        }
        else
        {
            _looksSince++;
        }
        if (last || _looksSince >= patience)
        {
            Stopped = true;
            using var noGrad = no_grad();
            foreach (var (set, best) in Sets(rewardModel).Zip(_best!)) set.Flat.copy_(best);
        }
        return nll;
    }

    void Keep(RewardModel rewardModel)
    {
        using var noGrad = no_grad();
        _best ??= [.. Sets(rewardModel).Select(s => empty_like(s.Flat).DetachFromDisposeScope())];
        foreach (var (set, best) in Sets(rewardModel).Zip(_best)) best.copy_(set.Flat);
    }

    static ParameterSet[] Sets(RewardModel rewardModel) => [rewardModel.Model.Trainable, rewardModel.Head.Parameters];

    internal IEnumerable<KeyValuePair<string, byte[]>> Save()
    {
        using var stream = new MemoryStream();
        Safetensors.Write(stream, (_best ?? []).Select((b, i) => (Best(i), b)));
        yield return new(WeightsFile, stream.ToArray());
        yield return new(NumbersFile, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_bestNll:R} {_looksSince} {Stopped}")));
    }

    internal void Restore(IReadOnlyDictionary<string, byte[]> files)
    {
        if (!files.TryGetValue(WeightsFile, out var weights) || !files.TryGetValue(NumbersFile, out var numbers))
            throw new InvalidDataException($"A checkpoint has the files {string.Join(", ", files.Keys)}; expected {WeightsFile} and {NumbersFile} among them.");
        using var scope = NewDisposeScope();
        var words = Encoding.ASCII.GetString(numbers).Split(' ');
        (_bestNll, _looksSince, Stopped) = (double.Parse(words[0], CultureInfo.InvariantCulture), int.Parse(words[1], CultureInfo.InvariantCulture), bool.Parse(words[2]));
        var state = Safetensors.Read(new MemoryStream(weights), WeightsFile);
        Dispose();
        _best = state.Count == 0 ? null : [.. Enumerable.Range(0, state.Count).Select(i => state[Best(i)].clone().DetachFromDisposeScope())];
    }

    static string Best(int set) => $"best.{set}";

    public void Dispose()
    {
        foreach (var tensor in _best ?? []) tensor.Dispose();
    }
}
