using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Artifacts;

public sealed class NamesTests : IDisposable
{
    readonly TemporaryStore _store = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    Names Names => new(_store.Objects, TimeProvider.System);

    static ArtifactRef Prompts(int i) => new("prompts", $"{i:x64}");

    [Fact]
    public async Task Every_artifact_of_a_name_has_a_number_and_the_latest_is_the_last_one_added()
    {
        for (var i = 1; i <= 12; i++) Assert.Equal(i, (await Names.AddAsync("prompts", Prompts(i), Token)).Version);

        Assert.Equal(Prompts(12), await Names.ResolveAsync("prompts@latest", Token));
        Assert.Equal(Prompts(7), await Names.ResolveAsync("prompts@7", Token));
        Assert.Equal(Enumerable.Range(1, 12), (await Names.HistoryAsync("prompts", Token)).Select(v => v.Version));
    }

    [Fact]
    public async Task Adding_the_latest_again_writes_nothing_and_an_earlier_one_becomes_the_latest()
    {
        await Names.AddAsync("prompts", Prompts(1), Token);
        await Names.AddAsync("prompts", Prompts(2), Token);

        var again = await Names.AddAsync("prompts", Prompts(2), Token);
        var back = await Names.AddAsync("prompts", Prompts(1), Token);

        Assert.Equal([2, 3], [again.Version, back.Version]);
        Assert.Equal(Prompts(1), await Names.ResolveAsync("prompts@latest", Token));
    }

    [Fact]
    public async Task A_name_that_is_not_there_is_refused_with_those_known()
    {
        var empty = await Assert.ThrowsAsync<ArgumentException>(() => Names.ResolveAsync("prompts@latest", Token));
        await Names.AddAsync("prompts", Prompts(1), Token);
        await Names.AddAsync("guidelines-2", Prompts(1), Token);
        var error = await Assert.ThrowsAsync<ArgumentException>(() => Names.ResolveAsync("promts@latest", Token));

        Assert.Equal("There is no 'prompts'; nothing has been named yet.", empty.Message);
        Assert.Equal("There is no 'promts'; known are guidelines-2, prompts.", error.Message);
    }

    [Theory]
    [InlineData("4")]
    [InlineData("0")]
    [InlineData("newest")]
    [InlineData("99999999999")]
    public async Task A_version_that_is_not_there_is_refused_with_those_there_are(string version)
    {
        for (var i = 1; i <= 3; i++) await Names.AddAsync("prompts", Prompts(i), Token);

        var error = await Assert.ThrowsAsync<ArgumentException>(() => Names.ResolveAsync($"prompts@{version}", Token));

        Assert.Equal($"'{version}' is no version of 'prompts'; it has versions 1 to 3, and latest.", error.Message);
    }

    [Theory]
    [InlineData("prompts@latest", true)]
    [InlineData("prompts-2@7", true)]
    [InlineData("prompts", false)]
    [InlineData("prompts@", false)]
    [InlineData("Prompts@7", false)]
    [InlineData("a/b@7", false)]
    [InlineData("../x@latest", false)]
    [InlineData("prompts@7\n", false)]
    [InlineData("prompts/0000000000000000000000000000000000000000000000000000000000000001", false)]
    public async Task What_is_a_name_and_version_is_told_from_its_form(string text, bool isName)
    {
        Assert.Equal(isName, Names.IsName(text));
        if (!isName) Assert.Contains("expected such as", (await Assert.ThrowsAsync<ArgumentException>(() => Names.ResolveAsync(text, Token))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prompts@latest", true)]
    [InlineData("prompts-2@7", true)]
    [InlineData("prompts@12345", true)]
    [InlineData("team@example", false)]
    [InlineData("prompts@newest", false)]
    [InlineData("prompts@latest-2", false)]
    [InlineData("prompts@7b", false)]
    [InlineData("prompts@-7", false)]
    [InlineData("prompts@\u0667", false)] // a digit, but not of these
    [InlineData("prompts@7\n", false)]
    [InlineData("ask prompts@7", false)]
    [InlineData("Prompts@latest", false)]
    [InlineData("prompts@", false)]
    [InlineData("prompts", false)]
    public void Only_latest_or_a_number_behind_a_name_is_a_reference_other_words_stay_text(string text, bool isReference) =>
        Assert.Equal(isReference, References.IsReference(text));

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("Prompts")]
    [InlineData("prompts@7")]
    public async Task A_name_is_of_lowercase_letters_digits_and_dashes(string name) =>
        Assert.Contains($"'{name}' is not a name", (await Assert.ThrowsAsync<ArgumentException>(() => Names.AddAsync(name, Prompts(1), Token))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_writer_who_loses_its_number_takes_the_next_one()
    {
        var turns = new TurnObjectStore(_store.Objects);
        var late = Task.Run(() => new Names(turns, TimeProvider.System).AddAsync("prompts", Prompts(1), Token), Token);
        await Advance(turns, late); // it has seen that there is no version yet

        await Names.AddAsync("prompts", Prompts(2), Token);
        while (!late.IsCompleted) await Advance(turns, late);

        Assert.Equal(2, (await late).Version);
        Assert.Equal([Prompts(2), Prompts(1)], (await Names.HistoryAsync("prompts", Token)).Select(v => v.Artifact));
    }

    [Fact]
    public async Task Many_writers_at_once_get_a_number_each()
    {
        var added = await Task.WhenAll(Enumerable.Range(1, 24).Select(i => Task.Run(() => Names.AddAsync("prompts", Prompts(i), Token), Token)));

        Assert.Equal(Enumerable.Range(1, 24), added.Select(v => v.Version).Order());
        Assert.Equal(added.OrderBy(v => v.Version).Select(v => v.Artifact), (await Names.HistoryAsync("prompts", Token)).Select(v => v.Artifact));
    }

    static async Task Advance(TurnObjectStore turns, Task unless)
    {
        while (!turns.Waits)
        {
            if (unless.IsCompleted) return;
            await Task.Yield();
        }
        turns.Advance();
    }
}
