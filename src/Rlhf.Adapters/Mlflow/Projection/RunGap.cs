namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>What a run on the server lacks of what it should be, but for its metrics and files. What else stands there is nobody's concern here.</summary>
sealed record RunGap(
    IReadOnlyList<MlflowParam> MissingParams, IReadOnlyList<MlflowParam> WrongParams, IReadOnlyList<MlflowTag> Tags,
    IReadOnlyList<MlflowDatasetInput> Datasets, bool Info, IReadOnlyList<string> Sentences)
{
    public static RunGap Between(ProjectedRun projected, MlflowRun run)
    {
        var @params = run.Data.Params.ToDictionary(p => p.Key, p => p.Value);
        var tags = run.Data.Tags.ToDictionary(t => t.Key, t => t.Value);
        var datasets = run.Inputs.DatasetInputs.Select(d => (d.Dataset.Name, d.Dataset.Digest)).ToHashSet();
        var missing = projected.Params.Where(p => !@params.ContainsKey(p.Key)).ToList();
        // Written once, a param cannot be changed.
        var wrong = projected.Params.Where(p => @params.TryGetValue(p.Key, out var value) && value != p.Value).ToList();
        var differing = projected.Tags.Where(t => tags.GetValueOrDefault(t.Key) != t.Value).ToList();
        var absent = projected.Datasets.Where(d => !datasets.Contains((d.Dataset.Name, d.Dataset.Digest))).ToList();
        // An end that was told cannot be taken back: of a run that goes on, only the status says so.
        var end = projected.EndTime is { } e && run.Info.EndTime != e;
        var info = end || run.Info.Status != projected.Status || run.Info.RunName != projected.Name;
        return new(missing, wrong, differing, absent, info,
        [
            .. missing.Select(p => $"param {p.Key} is missing"),
            .. wrong.Select(p => $"param {p.Key} is '{@params[p.Key]}', expected '{p.Value}'"),
            .. differing.Select(t => $"tag {t.Key} is {(tags.TryGetValue(t.Key, out var value) ? $"'{value}'" : "missing")}, expected '{t.Value}'"),
            .. absent.Select(d => $"dataset {d.Dataset.Name} {d.Dataset.Digest} is missing"),
            .. run.Info.Status == projected.Status ? Array.Empty<string>() : [$"status is {run.Info.Status}, expected {projected.Status}"],
            .. run.Info.RunName == projected.Name ? Array.Empty<string>() : [$"name is '{run.Info.RunName}', expected '{projected.Name}'"],
            .. end ? [$"end is {run.Info.EndTime?.ToString() ?? "missing"}, expected {projected.EndTime}"] : Array.Empty<string>(),
        ]);
    }
}
