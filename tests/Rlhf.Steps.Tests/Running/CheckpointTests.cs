using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Running;

public sealed class CheckpointTests : IDisposable
{
    readonly TemporaryStore _store = new();
    readonly MetricJournal _journal = new(TimeProvider.System);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    Checkpoints Open(int epoch, TimeSpan interval = default, CancellationToken drain = default) =>
        new(_store.Objects, CheckpointWriter.Key, epoch, _journal, TimeProvider.System, interval, drain);

    async Task Save(int epoch, int number)
    {
        _journal.Log(number, new Dictionary<string, double> { ["loss"] = 1 });
        await Open(epoch).SaveAsync(number, Some.Files(("state", $"epoch {epoch}, {number}")), Token);
    }

    async Task<string?> Load(int epoch) =>
        await Open(epoch).LoadAsync(Token) is { } checkpoint ? Encoding.UTF8.GetString(checkpoint.Bytes()) : null;

    async Task<Checkpoint> Newest() => (await Open(epoch: 1).LoadAsync(Token))!;

    Task Put(byte[] state) => Open(epoch: 1).SaveAsync(1, new Dictionary<string, byte[]> { ["state"] = state }, Token);

    async Task<Checkpoints> Resume(int epoch)
    {
        var checkpoints = Open(epoch);
        await checkpoints.LoadAsync(Token);
        return checkpoints;
    }

    [Fact]
    public async Task A_new_owner_goes_on_from_the_earlier_owners_checkpoint()
    {
        await Save(epoch: 1, number: 7);

        Assert.Equal("epoch 1, 7", await Load(epoch: 2));
    }

    [Fact]
    public async Task Once_the_new_owner_has_saved_the_earlier_one_changes_nothing_any_more()
    {
        await Save(epoch: 1, number: 7);
        await Save(epoch: 2, number: 8);

        await Save(epoch: 1, number: 30);

        Assert.Equal("epoch 2, 8", await Load(epoch: 3));
    }

    [Theory]
    [InlineData(9000)] // another instance that computes the same pure step
    [InlineData(0)] // the step run by itself
    public async Task Who_goes_on_from_a_checkpoint_of_a_higher_epoch_keeps_what_it_saves_through_every_kill(int epoch)
    {
        await Save(epoch: 12000, number: 40);

        foreach (var number in new[] { 41, 900, 901 })
        {
            var worker = await Resume(epoch); // the one before it was killed
            await worker.SaveAsync(number, Some.Files(("state", $"{number}")), Token);

            Assert.Equal($"{number}", await Load(epoch));
        }
        Assert.Equal(3, _store.Files("checkpoints").Length); // state, journal, pointer
    }

    [Fact]
    public async Task A_newer_owner_still_fences_one_that_went_on_from_a_higher_epoch_than_its_own()
    {
        await Save(epoch: 12000, number: 40);
        var lower = await Resume(epoch: 9000);
        await Save(epoch: 12001, number: 41);

        await lower.SaveAsync(900, Some.Files(("state", "of the lower epoch")), Token);

        Assert.Equal("epoch 12001, 41", await Load(epoch: 12002));
    }

    [Fact]
    public async Task A_save_removes_what_it_supersedes_of_its_own_and_of_lower_epochs()
    {
        await Save(epoch: 1, number: 7);
        await Save(epoch: 2, number: 8);
        await Save(epoch: 2, number: 9);

        Assert.Equal(3, _store.Files("checkpoints").Length); // state, journal, pointer
    }

    [Fact]
    public async Task A_checkpoint_of_the_layout_before_epochs_is_resumed_and_then_superseded()
    {
        var (state, lines) = (Encoding.UTF8.GetBytes("of before"), JsonLines.Serialize(new[] { new MetricLine("loss", 5, 0.5, DateTimeOffset.UnixEpoch) }));
        foreach (var content in new[] { state, lines })
            await _store.Objects.TryCreateAsync($"checkpoints/{CheckpointWriter.Key}/{Hash(content)}", content, Token);
        var pointer = new { Number = 5, Files = new[] { new ManifestFile("state", state.Length, Hash(state)), new ManifestFile("journal.jsonl", lines.Length, Hash(lines)) } };
        await _store.Objects.TryCreateAsync($"checkpoints/{CheckpointWriter.Key}/00000005.json", CanonicalJson.Serialize(pointer), Token);

        var resumed = await Load(epoch: 0);
        var journal = _journal.Lines.ToList();
        await Save(epoch: 0, number: 6);

        Assert.Equal("of before", resumed);
        Assert.Equal(0.5, Assert.Single(journal).Value);
        Assert.Equal("epoch 0, 6", await Load(epoch: 0));
        Assert.Equal(3, _store.Files("checkpoints").Length);
    }

    [Theory]
    [InlineData(1)] // gone before the pointer was read
    [InlineData(2)] // gone before its files were read
    public async Task A_checkpoint_that_is_superseded_while_it_is_read_is_looked_for_again(int operationsBefore)
    {
        await Save(epoch: 1, number: 7);
        var reader = new TurnObjectStore(_store.Objects);
        var load = Task.Run(() => CheckpointWriter.Open(reader, 2, new(TimeProvider.System)).LoadAsync(Token), Token);
        for (var i = 0; i < operationsBefore; i++) await Advance(reader);

        await Save(epoch: 1, number: 8);
        while (!load.IsCompleted) await Advance(reader, unless: load);

        Assert.Equal(8, (await load)!.Number);
    }

    [Fact]
    public async Task A_file_that_is_really_missing_is_an_error()
    {
        await Save(epoch: 1, number: 7);
        File.Delete(_store.Files("checkpoints").Single(f => f.EndsWith(Hash(Encoding.UTF8.GetBytes("epoch 1, 7")), StringComparison.Ordinal)));

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Load(epoch: 2));

        Assert.Contains("lacks its file 'state'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_was_changed_is_an_error()
    {
        await Save(epoch: 1, number: 7);
        await File.AppendAllTextAsync(_store.Files("checkpoints").Single(f => f.EndsWith(Hash(Encoding.UTF8.GetBytes("epoch 1, 7")), StringComparison.Ordinal)), "!", Token);

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Load(epoch: 2));

        Assert.Contains("'state' does not match its hash", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drain_makes_a_checkpoint_due_and_ends_the_step_once_it_is_saved()
    {
        using var drain = new CancellationTokenSource();
        var checkpoints = Open(epoch: 1, TimeSpan.FromHours(1), drain.Token);
        var before = checkpoints.Due;

        await drain.CancelAsync();
        var due = checkpoints.Due;
        await Assert.ThrowsAsync<StepDrainedException>(() => checkpoints.SaveAsync(4, Some.Files(("state", "drained")), Token));

        Assert.False(before);
        Assert.True(due);
        Assert.Equal("drained", await Load(epoch: 2));
    }

    [Fact]
    public async Task A_file_that_is_asked_for_after_another_writer_has_superseded_the_checkpoint_is_told_as_something_to_try_again()
    {
        await Save(epoch: 1, number: 7);
        var checkpoint = await Newest();
        await Save(epoch: 2, number: 8);
        await Save(epoch: 2, number: 9); // removes what it supersedes

        var error = Assert.Throws<IOException>(() => checkpoint.Bytes());

        Assert.Contains("was superseded while it was read", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_file_of_a_checkpoint_comes_back_by_way_of_the_disk_and_leaves_nothing_there()
    {
        var content = new byte[(1 << 20) + 1];
        new Random(1).NextBytes(content);
        await Put(content);

        using var file = (await Newest()).Files.Single().Value;
        var path = Assert.IsType<FileStream>(file).Name;

        // Without a name already, so that a kill leaves nothing either.
        if (!OperatingSystem.IsWindows()) Assert.False(File.Exists(path));
        var read = new byte[file.Length];
        await file.ReadExactlyAsync(read, Token);
        Assert.Equal(content, read);
    }

    [Fact]
    public async Task A_checkpoint_that_takes_long_comes_more_rarely_and_its_files_are_made_one_after_the_other()
    {
        var time = new FakeTimeProvider();
        var checkpoints = new Checkpoints(_store.Objects, CheckpointWriter.Key, 1, _journal, time, TimeSpan.FromSeconds(5));
        var stored = new List<int>();

        await checkpoints.SaveAsync(1, Slow(), Token);

        time.Advance(TimeSpan.FromSeconds(89));
        Assert.False(checkpoints.Due);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(checkpoints.Due);
        Assert.Equal([0, 1], stored); // the first lay in the store when the second was asked for

        IEnumerable<KeyValuePair<string, Stream>> Slow()
        {
            foreach (var name in new[] { "one", "two" })
            {
                stored.Add(_store.Files("checkpoints").Length);
                time.Advance(TimeSpan.FromSeconds(5));
                yield return new(name, new MemoryStream(Encoding.UTF8.GetBytes(name)));
            }
        }
    }

    static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    static async Task Advance(TurnObjectStore reader, Task? unless = null)
    {
        while (!reader.Waits)
        {
            if (unless?.IsCompleted == true) return;
            await Task.Yield();
        }
        reader.Advance();
    }
}
