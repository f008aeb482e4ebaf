using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Library;

/// <content>Saving, publishing, retracting, deleting. Whoever comes second is refused; nothing is overwritten unseen.</content>
public sealed partial class WorkflowLibrary
{
    static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = false };

    /// <summary>
    /// Keeps what an editor has as a draft: the one there is, or a new version after one that changes no more. What says the same as the newest version changes nothing.
    /// Without an id the definition gets one like its name.
    /// </summary>
    /// <param name="model">In Elsa's form.</param>
    /// <param name="basis">What the editor had when it began to change it; null: it does not say, and then there must be no draft.</param>
    /// <exception cref="ArgumentException">The model has not the form of a definition.</exception>
    /// <exception cref="LibraryConflictException">Someone else saved, published or deleted the definition meanwhile.</exception>
    public Task<WorkflowVersion> SaveAsync(JsonObject model, DraftBasis? basis, CancellationToken cancellationToken = default) =>
        WriteAsync(model, null, basis, isImport: false, cancellationToken);

    /// <summary>Keeps a whole definition from elsewhere as a draft, whatever there is of it; it is never published by that.</summary>
    /// <param name="definitionId">What it is to be; null: as it says, or a new one.</param>
    /// <exception cref="ArgumentException">The model has not the form of a definition.</exception>
    public Task<WorkflowVersion> ImportAsync(JsonObject model, string? definitionId = null, CancellationToken cancellationToken = default) =>
        WriteAsync(model, definitionId, null, isImport: true, cancellationToken);

    /// <summary>Publishes the newest version: lints it, and writes the file. Null where there is no such definition.</summary>
    /// <exception cref="LibraryConflictException">The file was changed since.</exception>
    /// <exception cref="IOException">The file cannot be written; nothing is published.</exception>
    public async Task<PublishResult?> PublishAsync(string definitionId, CancellationToken cancellationToken = default)
    {
        await LookAsync(cancellationToken);
        await _gate.WaitAsync(cancellationToken);
        try
        {
            while (await _store.FindAsync(definitionId, VersionOptions.Latest, cancellationToken) is { } newest)
            {
                if (newest.State == VersionState.Published) return new(await ViewAsync(newest, cancellationToken), true, []);
                if (await TryPublishAsync(newest, cancellationToken) is { } result) return result;
                cancellationToken.ThrowIfCancellationRequested();
            }
            return null;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Saves what an editor has and publishes it, or does neither.</summary>
    /// <inheritdoc cref="SaveAsync"/>
    public async Task<PublishResult> SaveAndPublishAsync(JsonObject model, DraftBasis? basis, CancellationToken cancellationToken = default)
    {
        var (id, newest, form) = await FormOfAsync(model, null, isImport: false, cancellationToken);
        if (form is not null)
        {
            Fits(id, newest, basis);
            if (newest is not null) await PresentTextAsync(newest, cancellationToken);
            var findings = _lint.Check(form.ToJsonString(Plain), id).Findings;
            if (findings.Any(f => f.Severity == Severity.Error)) return new(null, false, findings);
        }
        var saved = await SaveAsync(model, basis, cancellationToken);
        return await PublishAsync(saved.DefinitionId, cancellationToken) ?? throw new LibraryConflictException($"'{saved.DefinitionId}' was deleted meanwhile; nothing was published.");
    }

    /// <summary>
    /// Makes the definition one that is not published: its schedules and triggers are gone, and nothing starts it by its name. The file stays, and is published again
    /// when it is changed or the definition is published. Null where there is no published version.
    /// </summary>
    public async Task<WorkflowVersion?> RetractAsync(string definitionId, CancellationToken cancellationToken = default)
    {
        await LookAsync(cancellationToken);
        if (await _store.FindPublishedAsync(definitionId, cancellationToken) is null) return null;
        await _store.RetractAsync(definitionId, cancellationToken);
        return await GetAsync(definitionId, VersionOptions.Latest, cancellationToken);
    }

    /// <summary>Makes a new draft of what a version says. Null where there is no such version.</summary>
    public async Task<WorkflowVersion?> RevertAsync(string definitionId, int version, CancellationToken cancellationToken = default)
    {
        await LookAsync(cancellationToken);
        while (await _store.ReadAsync(definitionId, version, cancellationToken) is { State: not VersionState.Deleted } old)
        {
            var newest = (await _store.FindAsync(definitionId, VersionOptions.Latest, cancellationToken))!;
            try
            {
                var draft = await _store.WriteDraftAsync(definitionId, newest, new(old.Json, old.Hash, old.Name), asNew: true, _time.GetUtcNow(), cancellationToken);
                return await ViewAsync(draft, cancellationToken);
            }
            catch (DefinitionChangedException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        return null;
    }

    /// <summary>Deletes a definition with its file; false where there is none.</summary>
    /// <exception cref="LibraryConflictException">An open instance is pinned to it, or its file was changed since, or comes with the program.</exception>
    public async Task<bool> DeleteAsync(string definitionId, CancellationToken cancellationToken = default)
    {
        await LookAsync(cancellationToken);
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (await _store.FindAsync(definitionId, VersionOptions.Latest, cancellationToken) is not { } newest) return false;
            var file = await PresentTextAsync(newest, cancellationToken) is null ? null : _folder.FileOf(definitionId);
            if (file is not null && !_folder.IsOwn(file))
                throw new LibraryConflictException($"'{definitionId}' comes with the program, in '{file}', and would be there again; expected it to be retracted instead.");
            await DeleteAsync(definitionId, null, file is null ? null : () => _folder.Delete(file), cancellationToken);
            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Deletes one version; false where there is none.</summary>
    /// <exception cref="LibraryConflictException">An open instance is pinned to it, or it is the published one.</exception>
    public async Task<bool> DeleteVersionAsync(string definitionId, int version, CancellationToken cancellationToken = default)
    {
        if (await _store.ReadAsync(definitionId, version, cancellationToken) is not { State: not VersionState.Deleted } stored) return false;
        if (stored.State == VersionState.Published)
            throw new LibraryConflictException($"Version {version} of '{definitionId}' is published and stands in its file; expected it to be retracted first.");
        await DeleteAsync(definitionId, version, null, cancellationToken);
        return true;
    }

    async Task DeleteAsync(string definitionId, int? version, Action? file, CancellationToken cancellationToken)
    {
        var open = await _store.DeleteAsync(definitionId, version, file, cancellationToken);
        if (open.Count == 0) return;
        var what = version is null ? $"'{definitionId}'" : $"Version {version} of '{definitionId}'";
        throw new LibraryConflictException($"{what} cannot be deleted while instances of it are open: {string.Join(", ", open.Take(10))}{(open.Count > 10 ? $" and {open.Count - 10} more" : "")}. Expected them to end or to be cancelled first.");
    }

    /// <summary>Null where someone else changed the definition in between.</summary>
    async Task<PublishResult?> TryPublishAsync(StoredDefinition newest, CancellationToken cancellationToken)
    {
        var present = await PresentTextAsync(newest, cancellationToken);
        var target = _folder.TargetOf(newest.DefinitionId);
        var json = Parse(newest.Json);
        var text = DefinitionText.Write(json, present ?? (newest.WasPublished ? newest.Json : null));
        var (definition, findings) = _lint.Check(text, target ?? newest.DefinitionId + ".json");
        if (definition is null || findings.Any(f => f.Severity == Severity.Error)) return new(await ViewAsync(newest, cancellationToken), false, findings);
        var publication = new Publication(definition, new(text, DefinitionMeaning.Hash(text, definition.Source), definition.Name), _time.GetUtcNow())
        {
            File = target is null || text == present && _folder.FileOf(newest.DefinitionId) == target ? null : () => _folder.Write(target, newest.DefinitionId, text),
        };
        try
        {
            return new(await ViewAsync(await _store.PublishNewestAsync(newest, publication, cancellationToken), cancellationToken), false, findings);
        }
        catch (DefinitionChangedException)
        {
            return null;
        }
    }

    async Task<WorkflowVersion> WriteAsync(JsonObject model, string? definitionId, DraftBasis? basis, bool isImport, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (id, newest, form) = await FormOfAsync(model, definitionId, isImport, cancellationToken);
            if (form is null) return await ViewAsync(newest!, cancellationToken);
            if (!isImport) Fits(id, newest, basis);
            var json = form.ToJsonString(Plain);
            var content = new VersionContent(json, DefinitionMeaning.Hash(json, id), form["name"]?.ToString() is { Length: > 0 } name ? name : id);
            try
            {
                return await ViewAsync(await _store.WriteDraftAsync(id, newest, content, asNew: false, _time.GetUtcNow(), cancellationToken), cancellationToken);
            }
            catch (DefinitionChangedException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>What the model would be as a file, on top of the newest version; null where it says the same as that one.</summary>
    async Task<(string Id, StoredDefinition? Newest, JsonObject? Form)> FormOfAsync(JsonObject model, string? definitionId, bool isImport, CancellationToken cancellationToken)
    {
        DefinitionShape.Check(model);
        await LookAsync(cancellationToken);
        var id = definitionId ?? model["definitionId"]?.ToString();
        id = string.IsNullOrEmpty(id) ? await NewIdAsync(model["name"]?.ToString() ?? "", cancellationToken) : DefinitionIds.Check(id);
        var newest = await _store.FindAsync(id, VersionOptions.Latest, cancellationToken);
        var present = newest is null ? null : Parse(newest.Json);
        var sent = model.DeepClone().AsObject();
        sent["definitionId"] = id;
        var form = DefinitionForm.Of(sent, present, isEditor: !isImport);
        return (id, newest, present is not null && DefinitionForm.AreSame(form, present) ? null : form);
    }

    static void Fits(string id, StoredDefinition? newest, DraftBasis? basis)
    {
        if (newest is null && basis is null) return;
        if (newest is null) throw new LibraryConflictException($"'{id}' was deleted meanwhile; nothing was saved. Expected it to be imported or saved as a new one.");
        // Who says nothing of what it had makes a version after one that stays as it is, but writes over nobody's draft.
        if (basis is null && newest.State != VersionState.Draft) return;
        if (basis is not { } known)
            throw new LibraryConflictException($"There is a draft of '{id}' already, of version {newest.Version}; nothing was saved. Expected the id of that draft, or another definitionId.");
        var isSame = known.Version == newest.Version && (newest.State == VersionState.Draft || known.Revision is not null ? known.Revision == newest.Revision : true);
        if (isSame) return;
        var now = newest.State switch
        {
            VersionState.Draft when known.Version == newest.Version => $"the draft of version {newest.Version} was saved by someone else (revision {newest.Revision}, not {known.Revision?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "known"})",
            VersionState.Draft => $"there is a draft of version {newest.Version}",
            VersionState.Published or VersionState.Retired when newest.Source.Length > 0 => $"version {newest.Version} was published, which stands in {newest.Source}",
            _ => $"there is version {newest.Version}",
        };
        throw new LibraryConflictException($"'{id}' was changed since version {known.Version} was opened: {now}. Nothing was saved or overwritten; expected the change on top of that.");
    }

    async Task<string> NewIdAsync(string name, CancellationToken cancellationToken)
    {
        var (words, taken) = (DefinitionIds.Of(name), (await _store.IndexAsync(null, cancellationToken)).Select(v => v.DefinitionId).ToHashSet(StringComparer.OrdinalIgnoreCase));
        return Enumerable.Range(1, int.MaxValue).Select(n => n == 1 ? words : $"{words}-{n}").First(id => !taken.Contains(id) && !_folder.IsTaken(id));
    }
}
