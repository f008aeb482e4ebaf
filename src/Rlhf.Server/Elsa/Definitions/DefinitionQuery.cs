using System.Globalization;
using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Library;

namespace Rlhf.Server.Elsa.Definitions;

/// <summary>What Elsa's query strings say; names are without regard to case, as there.</summary>
static class DefinitionQuery
{
    /// <exception cref="ArgumentException">A value is none of its kind.</exception>
    public static VersionQuery Of(HttpContext context)
    {
        var query = context.Request.Query;
        var (page, size) = (Number(context, "page"), Number(context, "pageSize"));
        var ids = Listed(context, "ids").Concat(Listed(context, "id")).ToList();
        return new()
        {
            Options = VersionOf(context),
            Term = query["searchTerm"] is [{ Length: > 0 } term, ..] ? term : null,
            DefinitionIds = Listed(context, "definitionIds") is { Count: > 0 } definitions ? definitions : null,
            Versions = ids.Count > 0 ? VersionsOf(ids) : null,
            Order = OrderOf(query["orderBy"]),
            Descending = IsDescending(query["orderDirection"]),
            Skip = (int)Math.Min((page ?? 0L) * (size ?? 0), int.MaxValue),
            Take = size,
        };
    }

    /// <summary>Values of a name that may stand several times, or hold several with commas between them, which no id has in it.</summary>
    public static IReadOnlyList<string> Listed(HttpContext context, string name) =>
        [.. context.Request.Query[name].OfType<string>().SelectMany(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    /// <summary>Of the query <c>versionOptions</c> or <c>version</c>; null where it is not there or empty.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static VersionOptions? VersionOf(HttpContext context)
    {
        var text = context.Request.Query["versionOptions"] is [{ Length: > 0 } options, ..] ? options : context.Request.Query["version"] is [{ Length: > 0 } version, ..] ? version : null;
        return text is null ? null : VersionOptions.TryParse(text)
            ?? throw new FieldException("versionOptions", $"'{text}' is no version; expected Latest, Published, LatestOrPublished, LatestAndPublished, Draft, AllVersions or a number.");
    }

    /// <summary>The versions that ids stand for; what is no id stands for none.</summary>
    public static IReadOnlyCollection<(string DefinitionId, int Version)> VersionsOf(IEnumerable<string> ids) =>
        [.. ids.Select(DefinitionVersionId.TryParse).OfType<DefinitionVersionId>().Select(i => (i.DefinitionId, i.Version))];

    static VersionOrder OrderOf(string? text) => text?.ToLowerInvariant() switch
    {
        null or "" or "name" => VersionOrder.Name,
        "version" => VersionOrder.Version,
        "created" or "createdat" => VersionOrder.Created,
        _ => throw new FieldException("orderBy", $"'{text}' is no order; expected Name, Version or Created."),
    };

    static bool IsDescending(string? text) => text?.ToLowerInvariant() switch
    {
        null or "" or "ascending" => false,
        "descending" => true,
        _ => throw new FieldException("orderDirection", $"'{text}' is no direction; expected Ascending or Descending."),
    };

    static int? Number(HttpContext context, string name)
    {
        if (context.Request.Query[name] is not [{ Length: > 0 } text, ..]) return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new FieldException(name, $"'{name}' is '{text}'; expected a number from 0 to {int.MaxValue}.");
    }
}
