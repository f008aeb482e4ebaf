using System.Collections.Concurrent;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Driver;

/// <summary>Definitions as they were read; a version that instances are pinned to never changes.</summary>
internal sealed class DefinitionCache(DefinitionReader reader)
{
    const int Most = 256;

    readonly ConcurrentDictionary<(string Id, int Version), WorkflowDefinition> _read = new();

    public WorkflowDefinition Read(StoredInstance instance) =>
        Read(instance.Identity.DefinitionId, instance.Identity.Version, instance.DefinitionJson, instance.Source);

    /// <exception cref="InvalidDataException">This version of the product does not run the definition.</exception>
    public WorkflowDefinition Read(string id, int version, string json, string source)
    {
        if (_read.TryGetValue((id, version), out var known)) return known;
        if (_read.Count >= Most) _read.Clear();
        return _read[(id, version)] = reader.Read(json, source);
    }
}
