using System.Globalization;
using System.Text;
using Rlhf.Learning.Optimization;

namespace Rlhf.Pipeline.Ppo;

/// <summary>
/// A training that ends after the update whose rollout was the first to reach the next value of a grid of sequence KLs. What is passed over with one
/// rollout makes one stop. The state holds how many values are passed, so that the training goes on to the next one.
/// </summary>
/// <param name="trainer">The training, which computes what it would without this; stays the caller's.</param>
/// <param name="grid">In nats, rising; empty: the training goes through.</param>
sealed class KlStops(ITrainer trainer, IReadOnlyList<double> grid) : ITrainer
{
    const string KlMetric = "objective/kl", PassedFile = "kl-grid.txt";

    int _passed;

    /// <summary>True where the training stopped at a value of the grid, with updates left.</summary>
    public bool Stopped { get; private set; }

    public int Updates => Stopped ? Completed : trainer.Updates;

    public int Completed => trainer.Completed;

    public IReadOnlyList<string> Notices => trainer.Notices;

    public IReadOnlyDictionary<string, double> Update(CancellationToken cancellationToken)
    {
        var metrics = trainer.Update(cancellationToken);
        var reached = grid.Skip(_passed).TakeWhile(kl => metrics[KlMetric] >= kl).Count();
        _passed += reached;
        Stopped = reached > 0 && trainer.Completed < trainer.Updates;
        return metrics;
    }

    public IEnumerable<KeyValuePair<string, Stream>> Save() =>
        trainer.Save().Append(new(PassedFile, new MemoryStream(Encoding.ASCII.GetBytes(_passed.ToString(CultureInfo.InvariantCulture)))));

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
            _passed = int.Parse(content.ReadToEnd(), CultureInfo.InvariantCulture);
        }
    }

    public void Dispose()
    {
    }
}
