using System.Globalization;
using System.Text;
using Rlhf.Learning.Optimization;

namespace Rlhf.Pipeline.Ppo;

/// <summary>
/// A training that ends after the update whose rollout was the first to reach the next value of a grid of sequence KLs, above that of the first rollout, which
/// is the starting policy's: a later round starts as far from the reference policy as the rounds before have gone. What is passed over with one rollout makes
/// one stop. The state holds how many values are passed, so that the training goes on to the next one.
/// </summary>
/// <param name="trainer">The training, which computes what it would without this; stays the caller's.</param>
/// <param name="grid">In nats, rising; empty: the training goes through.</param>
sealed class KlStops(ITrainer trainer, IReadOnlyList<double> grid) : ITrainer
{
    const string KlMetric = "objective/kl", PassedFile = "kl-grid.txt";

    int _passed;
    double? _first;

    /// <summary>True where the training stopped at a value of the grid, with updates left.</summary>
    public bool Stopped { get; private set; }

    public int Updates => Stopped ? Completed : trainer.Updates;

    public int Completed => trainer.Completed;

    public IReadOnlyList<string> Notices => trainer.Notices;

    public IReadOnlyDictionary<string, double> Update(CancellationToken cancellationToken)
    {
        var metrics = trainer.Update(cancellationToken);
        var above = metrics[KlMetric] - (_first ??= metrics[KlMetric]);
        var reached = grid.Skip(_passed).TakeWhile(kl => above >= kl).Count();
        _passed += reached;
        Stopped = reached > 0 && trainer.Completed < trainer.Updates;
        return metrics;
    }

    public IEnumerable<KeyValuePair<string, Stream>> Save() =>
        trainer.Save().Append(new(PassedFile, new MemoryStream(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_passed} {_first:R}")))));

    public void Restore(IEnumerable<KeyValuePair<string, Stream>> files)
    {
        Stopped = false;
        trainer.Restore(Others(files));
    }

    IEnumerable<KeyValuePair<string, Stream>> Others(IEnumerable<KeyValuePair<string, Stream>> files)
    {
        foreach (var file in files)
        {
            if (file.Key != PassedFile)
            {
                yield return file;
                continue;
            }
            using var content = new StreamReader(file.Value, Encoding.ASCII);
            var numbers = content.ReadToEnd().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            _passed = int.Parse(numbers[0], CultureInfo.InvariantCulture);
            _first = numbers.Length > 1 ? double.Parse(numbers[1], CultureInfo.InvariantCulture) : null;
        }
    }

    public void Dispose()
    {
    }
}
