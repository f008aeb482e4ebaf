using Rlhf.Server.Access;

namespace Rlhf.Server.Elsa.Definitions;

/// <summary>Definitions: Elsa's routes over the library.</summary>
static class DefinitionRoutes
{
    public static IReadOnlyList<Route> All { get; } =
    [
        ElsaApi.Route("GET", "/workflow-definitions", Permission.View, DefinitionReads.ListAsync),
        ElsaApi.Route("GET", "/workflow-definitions/{definitionId}", Permission.View, DefinitionReads.GetAsync),
        ElsaApi.Route("GET", "/workflow-definitions/by-definition-id/{definitionId}", Permission.View, DefinitionReads.GetAsync),
        ElsaApi.Route("GET", "/workflow-definitions/by-id/{id}", Permission.View, DefinitionReads.GetVersionAsync),
        ElsaApi.Route("GET", "/workflow-definitions/many-by-id", Permission.View, DefinitionReads.ManyAsync),
        ElsaApi.Route("GET", "/workflow-definitions/query/count", Permission.View, DefinitionReads.CountAsync),
        ElsaApi.Route("GET", "/workflow-definitions/validation/is-name-unique", Permission.View, DefinitionReads.IsNameUniqueAsync),
        ElsaApi.Route("GET", "/workflow-definitions/{definitionId}/versions", Permission.View, DefinitionReads.VersionsAsync),
        ElsaApi.Route("GET", "/workflow-definitions/{definitionId}/consumers", Permission.View, DefinitionReads.ConsumersAsync),
        ElsaApi.Route("GET", "/workflow-definitions/{definitionId}/findings", Permission.View, DefinitionReads.FindingsAsync),
        ElsaApi.Route("GET", "/workflow-definitions/subgraph/{id}", Permission.View, DefinitionGraphs.SubgraphAsync),
        ElsaApi.Route("GET", "/workflow-definitions/subgraph/segments/{id}", Permission.View, DefinitionGraphs.SegmentsAsync),
        ElsaApi.Route("GET", "/workflow-definitions/{definitionId}/export", Permission.View, DefinitionFiles.ExportAsync),
        ElsaApi.Route("POST", "/workflow-definitions/{definitionId}/export", Permission.View, DefinitionFiles.ExportAsync),
        ElsaApi.Route("GET", "/bulk-actions/export/workflow-definitions", Permission.View, DefinitionFiles.ExportManyAsync),
        ElsaApi.Route("POST", "/bulk-actions/export/workflow-definitions", Permission.View, DefinitionFiles.ExportManyAsync),

        ElsaApi.Route("POST", "/workflow-definitions", Permission.Operate, DefinitionChanges.SaveAsync),
        ElsaApi.Route("POST", "/workflow-definitions/import", Permission.Operate, DefinitionFiles.ImportAsync),
        ElsaApi.Route("PUT", "/workflow-definitions/import", Permission.Operate, DefinitionFiles.ImportAsync),
        ElsaApi.Route("POST", "/workflow-definitions/{definitionId}/import", Permission.Operate, DefinitionFiles.ImportAsync),
        ElsaApi.Route("PUT", "/workflow-definitions/{definitionId}/import", Permission.Operate, DefinitionFiles.ImportAsync),
        ElsaApi.Route("POST", "/workflow-definitions/import-files", Permission.Operate, DefinitionFiles.ImportFilesAsync),
        ElsaApi.Route("POST", "/workflow-definitions/{definitionId}/publish", Permission.Operate, DefinitionChanges.PublishAsync),
        ElsaApi.Route("POST", "/workflow-definitions/{definitionId}/retract", Permission.Operate, DefinitionChanges.RetractAsync),
        ElsaApi.Route("POST", "/workflow-definitions/{definitionId}/revert/{version}", Permission.Operate, DefinitionChanges.RevertAsync),
        ElsaApi.Route("POST", "/workflow-definitions/{definitionId}/update-references", Permission.Operate, DefinitionChanges.UpdateReferencesAsync),
        ElsaApi.Route("DELETE", "/workflow-definitions/{definitionId}", Permission.Operate, DefinitionChanges.DeleteAsync),
        ElsaApi.Route("DELETE", "/workflow-definitions/{definitionId}/version/{version}", Permission.Operate, DefinitionChanges.DeleteVersionAsync),
        ElsaApi.Route("DELETE", "/workflow-definition-versions/{id}", Permission.Operate, DefinitionChanges.DeleteByIdAsync),
        ElsaApi.Route("POST", "/bulk-actions/publish/workflow-definitions/by-definition-ids", Permission.Operate, DefinitionBulk.PublishAsync),
        ElsaApi.Route("POST", "/bulk-actions/retract/workflow-definitions/by-definition-ids", Permission.Operate, DefinitionBulk.RetractAsync),
        ElsaApi.Route("POST", "/bulk-actions/delete/workflow-definitions/by-definition-id", Permission.Operate, DefinitionBulk.DeleteAsync),
        ElsaApi.Route("POST", "/bulk-actions/delete/workflow-definitions/by-id", Permission.Operate, DefinitionBulk.DeleteVersionsAsync),
        ElsaApi.Route("POST", "/actions/workflow-definitions/refresh", Permission.Operate, DefinitionChanges.RefreshAsync),
        ElsaApi.Route("POST", "/actions/workflow-definitions/reload", Permission.Operate, DefinitionChanges.ReloadAsync),
    ];
}
