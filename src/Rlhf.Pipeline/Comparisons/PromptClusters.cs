using System.Globalization;
using System.Text;
using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Selection;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Reports.Figures;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;
using TorchSharp;

namespace Rlhf.Pipeline.Comparisons;

/// <summary>Prompts grouped by what a policy's last layer says of them, the mean over their tokens.</summary>
sealed class PromptClusters
{
    const int BatchSize = 32;

    // A plot of more points shows no more.
    const int MostPlotted = 3000;

    // Of the plane's coordinates.
    const int Digits = 4;

    readonly IReadOnlyList<Prompt> _prompts;
    readonly IReadOnlyList<float[]> _embeddings;
    readonly int[] _clusters;
    readonly Dictionary<string, int> _of;

    PromptClusters(IReadOnlyList<Prompt> prompts, IReadOnlyList<float[]> embeddings, int[] clusters)
    {
        (_prompts, _embeddings, _clusters) = (prompts, embeddings, clusters);
        _of = prompts.Zip(clusters).ToDictionary(p => p.First.Id, p => p.Second);
    }

    public int this[string promptId] => _of[promptId];

    public static PromptClusters Of(LoadedPolicy policy, IReadOnlyList<Prompt> prompts, int clusters, long seed, CancellationToken cancellationToken)
    {
        var embeddings = Embed(policy, prompts, cancellationToken);
        return new(prompts, embeddings, KMeans.Of(embeddings, clusters, (ulong)seed, cancellationToken));
    }

    static float[][] Embed(LoadedPolicy policy, IReadOnlyList<Prompt> prompts, CancellationToken cancellationToken)
    {
        using var mode = torch.no_grad();
        var tokens = prompts.Until(cancellationToken).Select(p => PromptText.Encode(p, policy.Format, policy.Model.Config.ContextLength)).ToList();
        var embeddings = new float[prompts.Count][];
        // Longest with longest, so that little is padded.
        foreach (var rows in Enumerable.Range(0, prompts.Count).OrderBy(i => tokens[i].Length).ThenBy(i => i).Chunk(BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = torch.NewDisposeScope();
            var batch = TokenBatch.Pad([.. rows.Select(r => tokens[r])], policy.Tokenizer.PadId, policy.Model.Device);
            var mask = batch.Mask().unsqueeze(-1).to(torch.ScalarType.Float32);
            var means = policy.Model.Hidden(batch.Tokens).mul(mask).sum(1).div(batch.Lengths.unsqueeze(-1)).cpu(); // [batch, hidden]
            for (var i = 0; i < rows.Length; i++) embeddings[rows[i]] = means[i].data<float>().ToArray();
        }
        return embeddings;
    }

    /// <summary>The prompts in the plane of their first two principal components, each as the number of its cluster: a color alone cannot be told in print.</summary>
    public byte[] Plot()
    {
        var (shown, points) = Plane();
        var (left, right, bottom, top) = (points.Min(p => p.X), points.Max(p => p.X), points.Min(p => p.Y), points.Max(p => p.Y));
        var count = _clusters.Max() + 1;
        var text = new StringBuilder("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 480\" role=\"img\" aria-label=\"Prompts by cluster, first two principal components\">\n");
        text.Append("<rect width=\"640\" height=\"480\" fill=\"#fff\"/>\n<g font-family=\"Arial\" font-size=\"9\" text-anchor=\"middle\">\n");
        foreach (var (point, i) in points.Zip(shown))
        {
            var (x, y) = (20 + 600 * Share(point.X, left, right), 463 - 440 * Share(point.Y, bottom, top));
            text.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.0}\" y=\"{y:0.0}\" fill=\"hsl({360 * _clusters[i] / count} 70% 35%)\">{_clusters[i]}</text>\n");
        }
        return Encoding.UTF8.GetBytes(text.Append("</g>\n</svg>\n").ToString());
    }

    /// <summary>The numbers behind the plot.</summary>
    public byte[] Numbers()
    {
        var (shown, points) = Plane();
        var csv = new Csv("prompt", "cluster", "first_component", "second_component");
        foreach (var (point, i) in points.Zip(shown)) csv.Add(_prompts[i].Id, _clusters[i], Math.Round(point.X, Digits), Math.Round(point.Y, Digits));
        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    (List<int> Shown, IReadOnlyList<(double X, double Y)> Points) Plane()
    {
        var shown = Enumerable.Range(0, _embeddings.Count).Take(MostPlotted).ToList();
        return (shown, PrincipalPlane.Of([.. shown.Select(i => _embeddings[i])]));
    }

    static double Share(double value, double low, double high) => high > low ? (value - low) / (high - low) : 0.5;
}
