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

    public IReadOnlyDictionary<string, byte[]> Save() =>
        members.Index().SelectMany(m => m.Item.Save().Select(f => KeyValuePair.Create($"member-{m.Index + 1}/{f.Key}", f.Value))).ToDictionary();

    public void Restore(IReadOnlyDictionary<string, byte[]> files)
    {
        foreach (var (index, member) in members.Index())
        {
            var prefix = $"member-{index + 1}/";
            member.Restore(files.Where(f => f.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(f => f.Key[prefix.Length..], f => f.Value));
        }
    }

    public void Dispose()
    {
        foreach (var member in members) member.Dispose();
    }
}
