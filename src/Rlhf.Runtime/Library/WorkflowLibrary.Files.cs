using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Library;

/// <content>The files: what stands in them is what is published.</content>
public sealed partial class WorkflowLibrary
{
    /// <summary>
    /// Publishes what has changed in the files since the last look. A file that cannot be published leaves its definition as it is. Returns what is wrong with each
    /// such file. A definition that was retracted is published again only when its file has changed.
    /// </summary>
    public async Task<IReadOnlyList<string>> LookAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            foreach (var file in _folder.Gone()) _problems.TryRemove(file, out _);
            foreach (var file in _folder.Changed().ToList())
            {
                _problems.TryRemove(file.Path, out _);
                if (await TakeAsync(file, cancellationToken) is { } problem) _problems[file.Path] = problem;
                _folder.Saw(file);
            }
            return [.. _problems.Values];
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Publishes what stands in a file, or returns why it cannot be.</summary>
    async Task<string?> TakeAsync(ChangedFile file, CancellationToken cancellationToken)
    {
        if (!DefinitionIds.IsValid(file.DefinitionId)) return $"{file.Path}: '{file.DefinitionId}' is no id of a definition; expected letters, digits, '-', '_' and '.', a letter or digit first.";
        if (_folder.FileOf(file.DefinitionId) is { } first && first != file.Path) return $"{file.Path}: '{file.DefinitionId}' stands in {first} too; expected one file for each definition.";
        while (true)
        {
            var (published, newest) = (await _store.NewestPublishedAsync(file.DefinitionId, cancellationToken), await _store.FindAsync(file.DefinitionId, VersionOptions.Latest, cancellationToken));
            if (file.Json is not null && published is not null && DefinitionForm.AreSame(file.Json, Parse(published.Json))) return null;
            var (definition, findings) = _lint.Check(file.Text, file.Path);
            if (definition is null || findings.Any(f => f.Severity == Severity.Error))
                return string.Join(Environment.NewLine, findings.Where(f => f.Severity == Severity.Error));
            try
            {
                var publication = new Publication(definition, new(file.Text, DefinitionMeaning.Hash(file.Text, file.Path), definition.Name), _time.GetUtcNow());
                // The file was written, and then the process was killed before the store knew.
                if (newest is { State: VersionState.Draft or VersionState.Pinned } && DefinitionForm.AreSame(file.Json!, Parse(newest.Json)))
                    await _store.PublishNewestAsync(newest, publication, cancellationToken);
                else
                    await _store.PublishFileAsync(file.DefinitionId, published, publication, cancellationToken);
                return null;
            }
            catch (DefinitionChangedException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
            catch (InvalidDataException e)
            {
                return e.Message;
            }
        }
    }

    /// <summary>The text of a definition's file, or null where it has none; what the store has must be what stands there.</summary>
    /// <exception cref="LibraryConflictException">The file was changed since, in a way that could not be published.</exception>
    async Task<string?> PresentTextAsync(StoredDefinition newest, CancellationToken cancellationToken)
    {
        if (_folder.FileOf(newest.DefinitionId) is not { } file || !File.Exists(file)) return null;
        var text = await File.ReadAllTextAsync(file, cancellationToken);
        var published = await _store.NewestPublishedAsync(newest.DefinitionId, cancellationToken);
        if (_problems.TryGetValue(file, out var problem))
            throw new LibraryConflictException($"The file '{file}' was changed since version {published?.Version ?? 0} and cannot be published as it is, so nothing is written over it: {problem}");
        // Another process has written it and not yet said so in the store, or was killed in between.
        if (DefinitionForm.AreSame(Parse(text), Parse(newest.Json))) return text;
        if (published is null || !DefinitionForm.AreSame(Parse(text), Parse(published.Json)))
            throw new LibraryConflictException($"The file '{file}' was changed since version {published?.Version ?? 0}; nothing is written over it. Expected to be asked again.");
        return text;
    }

    static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
