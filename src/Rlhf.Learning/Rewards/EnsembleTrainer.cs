using Rlhf.Learning.Optimization;

namespace Rlhf.Learning.Rewards;

/// <summary>Trains the members of an ensemble one after the other; updates are counted through, and a member's metrics carry its number.</summary>
/// <param name="members">The trainers, at least one; they are disposed with this one.</param>
public sealed class EnsembleTrainer(IReadOnlyList<ITrainer> members) : ITrainer
{
    public int Updates => members.Sum(m => m.Updates);

    public int Completed => members.Sum(m => m.Completed);

    public IReadOnlyDictionary<string, double> Update(CancellationToken cancellationToken)
    {
        var index = members.Index().First(m => m.Item.Completed < m.Item.Updates).Index;
        var metrics = members[index].Update(cancellationToken);
        return members.Count == 1 ? metrics : metrics.ToDictionary(m => $"member-{index + 1}/{m.Key}", m => m.Value);
    }

    public IEnumerable<KeyValuePair<string, Stream>> Save() =>
        members.Index().SelectMany(m => m.Item.Save().Select(f => KeyValuePair.Create($"member-{m.Index + 1}/{f.Key}", f.Value)));

    public void Restore(IEnumerable<KeyValuePair<string, Stream>> files)
    {
        using var all = files.GetEnumerator();
        var has = all.MoveNext();
        foreach (var (index, member) in members.Index()) member.Restore(Of($"member-{index + 1}/"));

        IEnumerable<KeyValuePair<string, Stream>> Of(string prefix)
        {
            for (; has && all.Current.Key.StartsWith(prefix, StringComparison.Ordinal); has = all.MoveNext())
                yield return new(all.Current.Key[prefix.Length..], all.Current.Value);
        }
    }

    public void Dispose()
    {
        foreach (var member in members) member.Dispose();
    }
}
