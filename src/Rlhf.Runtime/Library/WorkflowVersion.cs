using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Library;

/// <summary>A version of a definition with its text, as it stands in its file or would stand there.</summary>
public sealed record WorkflowVersion(string DefinitionId, int Version, string Name, string Text, DateTimeOffset CreatedAt)
{
    /// <summary>How often a draft was changed, from 1; null for what changes no more.</summary>
    public int? Revision { get; init; }

    public required bool IsLatest { get; init; }

    public required bool IsPublished { get; init; }

    /// <summary>What is wrong with the definition's file, which therefore is not what is published; null where nothing is.</summary>
    public string? FileProblem { get; init; }

    /// <summary>The text, read; a new copy each time.</summary>
    public JsonObject ToJson() => JsonNode.Parse(Text)!.AsObject();
}

/// <summary>The order of a list of versions.</summary>
public enum VersionOrder { Name, Version, Created }

/// <summary>Which versions a list is to hold, of which definitions.</summary>
public sealed record VersionQuery
{
    /// <summary>Null: every version.</summary>
    public VersionOptions? Options { get; init; }

    /// <summary>A part of the name, the description or the id, in whatever case.</summary>
    public string? Term { get; init; }

    public IReadOnlyCollection<string>? DefinitionIds { get; init; }

    /// <summary>Just these, deleted ones that instances ran included.</summary>
    public IReadOnlyCollection<(string DefinitionId, int Version)>? Versions { get; init; }

    public VersionOrder Order { get; init; } = VersionOrder.Name;

    public bool Descending { get; init; }

    public int Skip { get; init; }

    public int? Take { get; init; }
}

/// <summary>A page of a list, and how many there are in all.</summary>
public sealed record VersionPage(IReadOnlyList<WorkflowVersion> Items, int Total);
