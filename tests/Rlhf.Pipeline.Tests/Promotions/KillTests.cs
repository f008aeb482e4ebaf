using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Promotions;

/// <summary>A process that dies at one of its writes, before it or right after it.</summary>
sealed class MortalStore(IObjectStore store, int dies, bool afterIt) : IObjectStore
{
    public List<string> Written { get; } = [];

    public async Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        Written.Add(name);
        if (Written.Count == dies && !afterIt) throw new KilledException(name);
        var created = await store.TryCreateAsync(name, content, cancellationToken);
        return Written.Count == dies ? throw new KilledException(name) : created;
    }

    public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken) => store.OpenAsync(name, cancellationToken);

    public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken) => store.EntriesAsync(prefix, cancellationToken);

    public Task DeleteAsync(string name, CancellationToken cancellationToken) => store.DeleteAsync(name, cancellationToken);

    public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken) => store.TryDeleteAsync(seen, cancellationToken);
}

sealed class KilledException(string at) : Exception(at);

public sealed class KillTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_promotion_that_is_killed_at_any_write_is_there_whole_or_not_at_all_and_whole_when_it_is_asked_for_again(bool afterIt)
    {
        var places = new List<string>();
        for (var dies = 1; await IsKilledAsync(dies, afterIt, sameInstance: dies % 2 == 0, places); dies++) { }

        // Request, record, the artifact's files and manifest, the champion's version, and the step's own record.
        Assert.Equal(["promotions/request.json", "promotions/record.json", "blobs", "manifests", "aliases", "records"], places.Distinct());
        Assert.True(places.Count >= 10, $"{places.Count} writes");
    }

    /// <returns>False where it did not live long enough to be killed.</returns>
    static async Task<bool> IsKilledAsync(int dies, bool afterIt, bool sameInstance, List<string> places)
    {
        using var some = await SomePromotion.ReadyAsync(approvals: 1, through: store => new MortalStore(store, dies, afterIt));
        var values = SomePromotion.Values(await some.DecidedAsync());
        try
        {
            if (await some.LookAsync(values) is StepResult.Waiting)
            {
                await some.ApproveAsync(await some.RequestAsync(), "ann");
                await some.LookAsync(values);
                return false;
            }
            throw new InvalidOperationException("It did not wait for approval.");
        }
        catch (KilledException e)
        {
            var place = e.Message.Split('/');
            places.Add(place[0] == "promotions" ? $"promotions/{place[^1]}" : place[0]);
        }
        // Nothing of it shows, or all of it does.
        var standing = await some.StandingAsync();
        if (standing!.Version == 2)
        {
            var bundle = await some.FilesAsync(ArtifactRef.Parse(standing.Reason));
            Assert.Empty((await some.VerifyAsync(bundle)).Wrong);
        }
        else Assert.Equal((1, SomePromotion.Champion), (standing.Version, standing.Artifact));

        some.Through = some.Objects;
        var instance = sameInstance ? "i" : "another-instance";
        if (await some.LookAsync(values, instance) is StepResult.Waiting)
        {
            await some.ApproveAsync(await some.RequestAsync(), "ann");
            Assert.IsType<StepResult.Completed>(await some.LookAsync(values, instance));
        }
        var history = await new Aliases(some.Objects, SomePromotion.Environment).HistoryAsync(Aliases.Champion(SomePromotion.Campaign), Token);
        Assert.Equal([(1, SomePromotion.Champion), (2, SomePromotion.Challenger)], history.Select(v => (v.Version, v.Artifact)));
        Assert.Empty((await some.VerifyAsync(await some.FilesAsync(ArtifactRef.Parse(history[1].Reason)))).Wrong);
        Assert.Equal(PromotionState.Promoted, (await some.Store.ListAsync(Token)).Single().State);
        Assert.Contains("promotion.promoted", some.Notifications.Types);
        return true;
    }

    [Fact]
    public async Task A_promotion_that_died_before_its_last_write_and_was_overtaken_is_refused_and_told_by_whom()
    {
        using var some = await SomePromotion.ReadyAsync();
        var (first, second) = (SomePromotion.Values(await some.DecidedAsync()), SomePromotion.Values(await some.DecidedAsync(70, instance: "another-gate")));
        some.Through = new DiesAtAlias(some.Objects);
        await Assert.ThrowsAsync<KilledException>(() => some.LookAsync(first));
        some.Through = some.Objects;
        await some.PromotedAsync(second, "winner");

        var reason = await some.RefusedAsync(first, "i");
        var lost = (await some.Store.ListAsync(Token)).Single(p => p.State == PromotionState.Refused);

        Assert.Contains("is the champion of 0f3a in 'staging' already", reason, StringComparison.Ordinal);
        Assert.NotNull(lost.Record);
        Assert.Null(lost.Became);
    }

    sealed class DiesAtAlias(IObjectStore store) : IObjectStore
    {
        public Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken) =>
            name.StartsWith("aliases/", StringComparison.Ordinal) ? throw new KilledException(name) : store.TryCreateAsync(name, content, cancellationToken);

        public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken) => store.OpenAsync(name, cancellationToken);

        public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken) => store.EntriesAsync(prefix, cancellationToken);

        public Task DeleteAsync(string name, CancellationToken cancellationToken) => store.DeleteAsync(name, cancellationToken);

        public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken) => store.TryDeleteAsync(seen, cancellationToken);
    }
}
