using Rlhf.Learning.Optimization;

namespace Rlhf.Pipeline.Ppo;

/// <summary>
/// A training that keeps its policy as it stands after one of its updates, as the files that <paramref name="save"/> writes. They lie on the disk and in
/// every later checkpoint, not in the store: what nothing refers to yet could be removed there before a long training ends.
/// </summary>
/// <param name="trainer">The training, which goes on as without this; stays the caller's.</param>
/// <param name="after">The update, from 1; 0: none is kept.</param>
/// <param name="save">Writes the policy to a folder.</param>
sealed class EarlyPolicy(ITrainer trainer, int after, Action<string> save) : ITrainer
{
    const string Prefix = "early/";

    readonly string _folder = Path.Combine(Path.GetTempPath(), $"rlhf-early-{Guid.NewGuid():N}");

    /// <summary>Where its files are; null where the training has not come so far.</summary>
    public string? Folder => Directory.Exists(_folder) ? _folder : null;

    public int Updates => trainer.Updates;

    public int Completed => trainer.Completed;

    public IReadOnlyList<string> Notices => trainer.Notices;

    public IReadOnlyDictionary<string, double> Update(CancellationToken cancellationToken)
    {
        var metrics = trainer.Update(cancellationToken);
        if (trainer.Completed != after) return metrics;
        Directory.CreateDirectory(_folder);
        save(_folder);
        return metrics;
    }

    public IEnumerable<KeyValuePair<string, Stream>> Save() => trainer.Save().Concat(Files.Select(f => KeyValuePair.Create(Prefix + f, (Stream)File.OpenRead(Path.Combine(_folder, f)))));

    public void Restore(IEnumerable<KeyValuePair<string, Stream>> files) => trainer.Restore(Kept(files));

    /// <summary>Writes the policy's own files, and gives the others on.</summary>
    IEnumerable<KeyValuePair<string, Stream>> Kept(IEnumerable<KeyValuePair<string, Stream>> files)
    {
        foreach (var file in files)
        {
            if (!file.Key.StartsWith(Prefix, StringComparison.Ordinal))
            {
                yield return file;
                continue;
            }
            using var content = file.Value;
            var path = Path.Combine(_folder, file.Key[Prefix.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var copy = File.Create(path);
            content.CopyTo(copy);
        }
    }

    IEnumerable<string> Files => Folder is null
        ? [] : Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(_folder, f).Replace('\\', '/')).Order(StringComparer.Ordinal);

    public void Dispose()
    {
        if (Folder is not null) Directory.Delete(_folder, recursive: true);
    }
}
