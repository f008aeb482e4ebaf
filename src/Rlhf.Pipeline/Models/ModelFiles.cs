using Rlhf.Learning.Chat;
using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Tokenizers;
using Rlhf.Steps.Artifacts;
using TorchSharp;

namespace Rlhf.Pipeline.Models;

/// <summary>A policy in memory with the tokenizer it was trained with.</summary>
sealed record LoadedPolicy(DecoderModel Model, ITokenizer Tokenizer) : IDisposable
{
    /// <summary>How it reads dialogues.</summary>
    public ChatFormat Format { get; } = new(Tokenizer);

    /// <summary>The same policy with a low-rank adapter in place of trainable weights; takes over the weights.</summary>
    public LoadedPolicy With(LowRankAdapter adapter) => this with { Model = new(Model.Config, Model.Parameters, adapter) };

    public void Dispose() => Model.Dispose();
}

/// <summary>Models between artifacts and memory, by way of a temporary folder that is always removed.</summary>
static class ModelFiles
{
    public static torch.Device Device => TorchDevice.FromEnvironment();

    public static Task<LoadedPolicy> LoadPolicyAsync(this ArtifactStore artifacts, ArtifactRef policy, bool trainable, CancellationToken cancellationToken) =>
        artifacts.OpenAsync(policy, folder =>
        {
            var (model, tokenizer) = PolicyFolder.Load(folder, Device, trainable);
            return new LoadedPolicy(model, tokenizer);
        }, cancellationToken);

    /// <summary>Exports an artifact, or those of its files that <paramref name="includes"/> says, opens it, and removes the folder.</summary>
    public static async Task<T> OpenAsync<T>(
        this ArtifactStore artifacts, ArtifactRef artifact, Func<string, T> open, CancellationToken cancellationToken, Predicate<string>? includes = null)
    {
        using var folder = new TemporaryFolder();
        await artifacts.ExportAsync(artifact, folder.Path, cancellationToken, includes);
        return open(folder.Path);
    }

    /// <summary>Lets <paramref name="write"/> fill a folder and stores it as one artifact.</summary>
    public static async Task<ArtifactRef> PutAsync(this ArtifactStore artifacts, string kind, Action<string> write, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        write(folder.Path);
        return await artifacts.PutFolderAsync(kind, folder.Path, cancellationToken);
    }

    sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("rlhf-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
