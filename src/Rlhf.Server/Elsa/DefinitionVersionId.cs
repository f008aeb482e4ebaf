using System.Globalization;

namespace Rlhf.Server.Elsa;

/// <summary>
/// Elsa's id of a version of a definition, here <c>definitionId:version</c>, with <c>:revision</c> behind it for a draft, so that who saves over a draft that
/// another one has saved meanwhile can be told.
/// </summary>
readonly record struct DefinitionVersionId(string DefinitionId, int Version, int? Revision = null)
{
    /// <summary>Null where the text is no such id.</summary>
    public static DefinitionVersionId? TryParse(string text)
    {
        var parts = text.Split(':');
        if (parts.Length is not (2 or 3) || parts[0].Length == 0 || Number(parts[1]) is not { } version) return null;
        if (parts.Length == 2) return new(parts[0], version);
        return Number(parts[2]) is { } revision ? new(parts[0], version, revision) : null;
    }

    public override string ToString() => Revision is null ? $"{DefinitionId}:{Version}" : $"{DefinitionId}:{Version}:{Revision}";

    static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
}
