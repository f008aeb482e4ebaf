using System.Text.Json.Nodes;
using Rlhf.Learning.Optimization;
using Rlhf.Pipeline.Models;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Ppo;

/// <summary>
/// A training that stopped at a checkpoint of its KL grid; <c>training</c> artifact: the trainer's files in the order in which it takes them back, and what
/// it was begun with, which has to be the same when it goes on.
/// </summary>
/// <param name="Inputs">Without where it went on from.</param>
/// <param name="Files">In the order in which they were saved.</param>
/// <param name="Figures">Of the updates so far.</param>
sealed record StoppedTraining(JsonObject Inputs, JsonObject HParams, IReadOnlyList<string> Files, TrainingFigures Figures)
{
    public const string Kind = "training";

    const string File = "training.json";

    public static async Task<ArtifactRef> PutAsync(
        ITrainer trainer, TrainPolicy.Inputs inputs, TrainPolicy.HParams hparams, TrainingFigures figures, ArtifactStore artifacts, CancellationToken cancellationToken) =>
        await artifacts.PutAsync(Kind, folder =>
        {
            var files = new List<string>();
            foreach (var (name, content) in trainer.Save())
            {
                using (content)
                {
                    var path = Path.Combine(folder, name);
                    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                    using var copy = System.IO.File.Create(path);
                    content.CopyTo(copy);
                }
                files.Add(name);
                cancellationToken.ThrowIfCancellationRequested();
            }
            System.IO.File.WriteAllBytes(Path.Combine(folder, File), CanonicalJson.Serialize(new StoppedTraining(Begun(inputs), CanonicalJson.ToObject(hparams), files, figures)));
        }, cancellationToken);

    /// <summary>Puts the trainer where the training stopped, and answers its figures up to there; nothing happens where <c>training</c> is not given.</summary>
    /// <exception cref="ArgumentException">It was begun with other inputs or hparams; names the first.</exception>
    public static async Task<TrainingFigures> ResumeAsync(
        ITrainer trainer, TrainPolicy.Inputs inputs, TrainPolicy.HParams hparams, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        if (inputs.Training is not { } artifact) return TrainingFigures.None;
        if (artifact.Kind != Kind) throw new ArgumentException($"'training' is {artifact.Short}; expected a {Kind}.");
        var stopped = await artifacts.ReadJsonAsync<StoppedTraining>(artifact, File, cancellationToken);
        RefuseOthers(stopped.Inputs, Begun(inputs), artifact);
        RefuseOthers(stopped.HParams, CanonicalJson.ToObject(hparams), artifact);
        await artifacts.OpenAsync(artifact, folder =>
        {
            trainer.Restore(stopped.Files.Select(f => KeyValuePair.Create(f, (Stream)System.IO.File.OpenRead(Path.Combine(folder, f)))));
            return true;
        }, cancellationToken);
        return stopped.Figures;
    }

    static JsonObject Begun(TrainPolicy.Inputs inputs) => CanonicalJson.ToObject(inputs with { Training = null });

    static void RefuseOthers(JsonObject begun, JsonObject given, ArtifactRef artifact)
    {
        if (begun.Select(b => b.Key).Union(given.Select(g => g.Key)).FirstOrDefault(name => !JsonNode.DeepEquals(begun[name], given[name])) is { } other)
            throw new ArgumentException(
                $"{artifact.Short} was begun with '{other}' {begun[other]?.ToJsonString() ?? "null"}, but {given[other]?.ToJsonString() ?? "null"} is given; expected the same: a training goes on with what it began with.");
    }
}
