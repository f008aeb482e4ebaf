using System.Globalization;
using System.Text.Json;

namespace Rlhf.Adapters.Labeling.Argilla;

// What Argilla answers, as far as it is read; members are snake_case there.

sealed record ArgillaList<T>(IReadOnlyList<T> Items)
{
    public int? Total { get; init; }
}

sealed record ArgillaUser(string Username, string Role);

/// <summary>A workspace, a field or a question.</summary>
sealed record ArgillaNamed(string Id, string Name);

/// <param name="Status"><c>draft</c>, to which fields and questions may be added, or <c>ready</c>, to which records may.</param>
sealed record ArgillaDataset(string Id, string Name, string Status)
{
    public string? Guidelines { get; init; }
}

sealed record ArgillaRecord(string Id, IReadOnlyDictionary<string, JsonElement> Fields)
{
    public string? ExternalId { get; init; }

    public IReadOnlyList<ArgillaResponse>? Responses { get; init; }

    public string? Text(string field) => Fields.TryGetValue(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <param name="Status"><c>submitted</c>, <c>draft</c> or <c>discarded</c>.</param>
sealed record ArgillaResponse(string Id, string Status, string InsertedAt, string UpdatedAt)
{
    /// <summary>Null where the user was deleted since.</summary>
    public string? UserId { get; init; }

    public IReadOnlyDictionary<string, ArgillaValue>? Values { get; init; }

    public DateTimeOffset GivenAt => TimeOf(InsertedAt);

    public DateTimeOffset ChangedAt => TimeOf(UpdatedAt);

    // Without a zone it is UTC.
    DateTimeOffset TimeOf(string text) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
        ? time : throw new InvalidDataException($"Response {Id} at Argilla has the time '{text}'; expected such as 2026-11-25T18:30:00.");
}

sealed record ArgillaValue(JsonElement Value);
