using System.Diagnostics;
using Rlhf.Benchmarks;
using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Rewards;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Claims;

/// <summary>What scoring costs, and how much was trained.</summary>
static class Scoring
{
    /// <summary>Median seconds of five passes over 1,000 texts, after one to warm up; and the model's parameters.</summary>
    public static async Task<(double Seconds, long Parameters)> MeasureAsync(ArtifactStore artifacts, ArtifactRef rewardModel, Base given)
    {
        using var folder = new ExportedFolder();
        await artifacts.ExportAsync(rewardModel, folder.Path, default);
        using var model = RewardModel.Load(folder.Path, TorchDevice.FromEnvironment());
        var completions = await artifacts.ReadLinesAsync<Completion>(ArtifactRef.Parse(given.Completions), "completions.jsonl", default);
        var prompts = (await artifacts.ReadLinesAsync<Prompt>(ArtifactRef.Parse(given.Prompts), "prompts.jsonl", default)).ToDictionary(p => p.Id);
        var texts = completions.Take(1000).Select(c => model.Encode(prompts[c.PromptId].Turns[0].Text, c.Text)).ToList();
        var seconds = new List<double>();
        for (var i = 0; i < 6; i++)
        {
            var clock = Stopwatch.StartNew();
            model.Score(texts, 64, default);
            if (i > 0) seconds.Add(clock.Elapsed.TotalSeconds);
        }
        return (seconds.Order().ElementAt(2), model.Model.Parameters.Count + model.Head.Parameters.Count);
    }

    /// <summary>How many numbers of a policy were trained: its weights, or its low-rank adapter's.</summary>
    public static async Task<double> TrainedAsync(ArtifactStore artifacts, ArtifactRef policy)
    {
        using var folder = new ExportedFolder();
        await artifacts.ExportAsync(policy, folder.Path, default);
        var (model, _) = PolicyFolder.Load(folder.Path, TorchDevice.FromEnvironment(), trainable: true);
        using (model) return model.Trainable.Count;
    }

    sealed class ExportedFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("rlhf-claims-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
