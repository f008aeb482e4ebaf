using System.Text.Json;

namespace Rlhf.Adapters.Labeling.LabelStudio;

// What Label Studio answers, as far as it is read; members are snake_case there.

sealed record LabelStudioProjects(int Count, IReadOnlyList<LabelStudioProject> Results);

sealed record LabelStudioProject(int Id)
{
    public string? Title { get; init; }

    public string? Description { get; init; }

    public int? TaskNumber { get; init; }
}

sealed record LabelStudioTasks(IReadOnlyList<LabelStudioTask> Tasks, int Total);

sealed record LabelStudioTask(long Id, IReadOnlyDictionary<string, JsonElement> Data)
{
    public IReadOnlyList<LabelStudioAnnotation>? Annotations { get; init; }

    public string? Text(string field) => Data.TryGetValue(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <param name="CompletedBy">A user's number, or an object that holds it as <c>id</c>.</param>
sealed record LabelStudioAnnotation(long Id, JsonElement? CompletedBy, IReadOnlyList<LabelStudioResult>? Result, DateTimeOffset CreatedAt)
{
    /// <summary>True where the labeler skipped the task.</summary>
    public bool WasCancelled { get; init; }

    /// <summary>In seconds.</summary>
    public double? LeadTime { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>Null where nobody is named.</summary>
    public string? Labeler => CompletedBy switch
    {
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        { ValueKind: JsonValueKind.Object } user when user.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.Number => id.GetRawText(),
        _ => null,
    };
}

/// <param name="FromName">The control of the project's configuration that it comes from.</param>
sealed record LabelStudioResult(JsonElement Value)
{
    public string? FromName { get; init; }
}

/// <summary>Of a server that imports at once; the other says only which import it began.</summary>
sealed record LabelStudioImport
{
    public int? Import { get; init; }
}

/// <param name="Status"><c>created</c>, <c>in_progress</c>, <c>failed</c> or <c>completed</c>.</param>
sealed record LabelStudioImportStatus(string Status)
{
    public string? Error { get; init; }
}
