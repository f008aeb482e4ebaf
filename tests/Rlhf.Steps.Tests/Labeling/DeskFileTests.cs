using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Labeling;

/// <summary>Answers in a file are checked against what was asked before any of them is given to the desk.</summary>
public sealed class DeskFileTests : IDisposable
{
    readonly TemporaryStore _store = new();
    readonly MemoryDesk _desk = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    Task<DeskReceipt> AnswerAsync(params string[] lines)
    {
        var file = Path.Combine(_store.Folder, "answers.jsonl");
        File.WriteAllLines(file, lines);
        return DeskFile.AnswerAsync(_desk, file, Token);
    }

    [Fact]
    public async Task An_item_a_labeler_and_a_choice_are_an_answer()
    {
        await AnswerAsync("""{"item":"i","labeler":"ann","choice":"b_slight","shown_first":"a"}""");

        var judgement = Assert.Single(_desk.Taken).Judgement;
        Assert.Equal(("i", "ann", Choice.BSlight, Side.A), (judgement.Item, judgement.Labeler, judgement.Choice, judgement.ShownFirst));
    }

    [Fact]
    public async Task Sides_that_were_exchanged_since_the_export_are_exchanged_back()
    {
        await AnswerAsync("""{"item":"i","completion_a":"y","completion_b":"x","labeler":"ann","choice":"b_slight","shown_first":"a"}""");

        var judgement = Assert.Single(_desk.Taken).Judgement;
        Assert.Equal((Choice.ASlight, Side.B), (judgement.Choice, judgement.ShownFirst));
    }

    [Theory]
    [InlineData("""{"item":"other","labeler":"ann","choice":"a"}""", "'item' is 'other'; expected a question of this store")]
    [InlineData("""{"item":"i","prompt":"Q","labeler":"ann","choice":"a"}""", "'prompt' of item 'i' is another one than was asked")]
    [InlineData("""{"item":"i","completion_a":"z","labeler":"ann","choice":"a"}""", "the completions of item 'i' are others than were asked")]
    [InlineData("""{"item":"i","axis":"safety","labeler":"ann","choice":"a"}""", "'axis' of item 'i' is 'safety'; expected 'preference', which was asked.")]
    [InlineData("""{"item":"i","labeler":"ann"}""", "'choice' is missing or null")]
    public async Task An_answer_to_what_was_not_asked_is_named_with_its_line_and_nothing_is_taken(string line, string sentence)
    {
        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => AnswerAsync("""{"item":"i","labeler":"bob","choice":"a"}""", line));

        Assert.StartsWith($"'answers.jsonl', line 2: {sentence}", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_desk.Taken);
    }

    [Fact]
    public async Task The_same_answer_has_the_same_key_with_and_without_what_was_asked()
    {
        await AnswerAsync("""{"item":"i","labeler":"ann","choice":"a","seconds":2}""");
        await AnswerAsync("""{"item":"i","prompt":"P","completion_a":"x","completion_b":"y","labeler":"ann","choice":"a","seconds":2.0}""", """{"item":"i","labeler":"ann","choice":"a","seconds":3}""");

        Assert.Equal(_desk.Taken[0].Key, _desk.Taken[1].Key);
        Assert.NotEqual(_desk.Taken[0].Key, _desk.Taken[2].Key);
    }

    [Fact]
    public async Task Where_nothing_is_open_no_file_is_written()
    {
        var file = Path.Combine(_store.Folder, "questions.jsonl");

        Assert.Equal(1, await DeskFile.ExportAsync(_desk, file, null, Token));
        Assert.Equal("""{"item":"i","axis":"preference","prompt":[{"role":"user","text":"P"}],"completion_a":"x","completion_b":"y"}""", File.ReadAllText(file).Trim());
        Assert.Equal(0, await DeskFile.ExportAsync(_desk, file, "nobody", Token));
    }

    /// <summary>One question; only nobody has nothing to answer.</summary>
    sealed class MemoryDesk : ILabelingDesk
    {
        static readonly DeskQuestion Only = new("i", new("c", Turn.User("P"), "x", "y", "preference"));

        public List<DeskAnswer> Taken { get; } = [];

        public Task PutAsync(LabelingRequest request, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task CloseAsync(string request, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<DeskProgress> ProgressAsync(string request, CancellationToken cancellationToken) => Task.FromResult(new DeskProgress([], 1));

        public Task<int> MissingAsync(string request, CancellationToken cancellationToken) => Task.FromResult(1);

        public Task<IReadOnlyList<DeskQuestion>> OpenAsync(string? labeler, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<DeskQuestion>>(labeler is null ? [Only] : []);

        public Task<IReadOnlyDictionary<string, DeskQuestion>> FindAsync(IReadOnlyCollection<string> items, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyDictionary<string, DeskQuestion>>(new[] { Only }.Where(q => items.Contains(q.Item)).ToDictionary(q => q.Item));

        public Task<DeskReceipt> TakeAsync(IReadOnlyList<DeskAnswer> answers, CancellationToken cancellationToken)
        {
            Taken.AddRange(answers);
            return Task.FromResult(new DeskReceipt(answers.Count, 0, 0, 0));
        }
    }
}
