namespace Rlhf.Adapters.Mlflow;

/// <summary>Cuts a batch into parts that the server takes.</summary>
static class LogBatch
{
    public const int MostMetrics = 1000, MostParams = 100, MostTags = 100, MostTogether = 1000;

    /// <summary>The parts in their order; each of the three lists keeps its own. Params and tags come first, so that a run has them before its metrics.</summary>
    public static IEnumerable<MlflowBatch> Split(MlflowBatch batch)
    {
        int metrics = 0, @params = 0, tags = 0;
        while (metrics < batch.Metrics.Count || @params < batch.Params.Count || tags < batch.Tags.Count)
        {
            var part = new MlflowBatch
            {
                Params = [.. batch.Params.Skip(@params).Take(MostParams)],
                Tags = [.. batch.Tags.Skip(tags).Take(MostTags)],
            };
            var room = Math.Min(MostMetrics, MostTogether - part.Params.Count - part.Tags.Count);
            part = part with { Metrics = [.. batch.Metrics.Skip(metrics).Take(room)] };
            yield return part;
            (metrics, @params, tags) = (metrics + part.Metrics.Count, @params + part.Params.Count, tags + part.Tags.Count);
        }
    }
}
