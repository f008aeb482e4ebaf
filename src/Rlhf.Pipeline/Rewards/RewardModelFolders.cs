using Rlhf.Learning.Models;
using Rlhf.Learning.Rewards;
using static TorchSharp.torch;

namespace Rlhf.Pipeline.Rewards;

/// <summary>The folders of a reward model: one, or <c>member-N</c> for each member of an ensemble.</summary>
static class RewardModelFolders
{
    /// <summary>The folder itself, or the members' folders where only those hold models.</summary>
    public static IReadOnlyList<string> In(string folder) =>
        !File.Exists(Path.Combine(folder, HuggingFaceFolder.ConfigFile)) && Directory.GetDirectories(folder, "member-*") is { Length: > 0 } members
            ? [.. members.Order(StringComparer.Ordinal)]
            : [folder];

    /// <summary>All members; the caller disposes of them.</summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged, or a model gives no scores.</exception>
    public static IReadOnlyList<RewardModel> Load(IReadOnlyList<string> folders, Device device, CancellationToken cancellationToken)
    {
        var members = new List<RewardModel>();
        try
        {
            foreach (var folder in folders)
            {
                cancellationToken.ThrowIfCancellationRequested();
                members.Add(RewardModel.Load(folder, device));
            }
            return members;
        }
        catch
        {
            foreach (var member in members) member.Dispose();
            throw;
        }
    }
}
