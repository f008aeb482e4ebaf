using System.IO.Compression;
using System.Text;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Labeling;

/// <summary>The form of files of judgements, and what is said of lines that have another.</summary>
public sealed class JudgementFileTests : IDisposable
{
    const string Good = """{"item":"i","prompt":"P","completion_a":"x","completion_b":"y","labeler":"ann","choice":"a"}""";

    readonly TemporaryStore _store = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    string Path(string name) => System.IO.Path.Combine(_store.Folder, name);

    string File(string name, params string[] lines)
    {
        System.IO.File.WriteAllText(Path(name), string.Join('\n', lines));
        return Path(name);
    }

    JudgementFileContent Read(params string[] lines) => JudgementFile.Read(File("j.jsonl", lines), Token);

    static string With(string field, string value) => Good.Insert(1, $"\"{field}\":{value},");

    [Fact]
    public void Every_field_is_read_and_written_again_as_it_was()
    {
        const string line =
            """{"item":"i","axis":"safety","prompt_id":"p","prompt":[{"role":"system","text":"Be kind."},{"role":"user","content":"Hi é\n"}],"completion_a":"","completion_b":"y","source_a":"one","source_b":"two","shown_first":"b","cluster":7,"labeler":"ann","labeler_kind":"judge","choice":"b_slight","safe_a":"unsafe","safe_b":"unsure","seconds":2.5,"guidelines":"v2","at":"2026-11-25T18:30:00+01:00"}""";

        var read = Assert.Single(Read(line).Lines);
        JudgementFile.Write(Path("again.jsonl.gz"), [read.ToText()]);
        var again = Assert.Single(JudgementFile.Read(Path("again.jsonl.gz"), Token).Lines);

        Assert.Equal(("i", "ann", Choice.BSlight, "safety", "p"), (read.Item, read.Labeler, read.Choice, read.Axis, read.PromptId));
        Assert.Equal([new("system", "Be kind."), new("user", "Hi é\n")], read.Prompt);
        Assert.Equal(("", "y", "one", "two", Side.B, "7"), (read.CompletionA, read.CompletionB, read.SourceA, read.SourceB, read.ShownFirst, read.Cluster));
        Assert.Equal((LabelerKind.Judge, 2.5, "v2", new DateTimeOffset(2026, 11, 25, 17, 30, 0, TimeSpan.Zero)), (read.Kind, read.Seconds, read.Guidelines, read.At));
        Assert.Equal((Safety.Unsafe, Safety.Unsure), (read.SafeA, read.SafeB));
        Assert.Equal((Safety.Unsure, Safety.Unsafe), (read.Swapped().SafeA, read.Swapped().SafeB));
        Assert.Equal(read.ToText(), again.ToText());
    }

    [Fact]
    public void What_is_said_of_a_side_alone_goes_with_the_side_and_is_absent_where_nothing_is_said()
    {
        var judgement = Judgement.Of("c", "ann", LabelerKind.Person, Choice.A, null);
        var said = judgement with { SafeA = Safety.Safe, SafeB = Safety.Unsafe };

        Assert.Equal((Safety.Unsafe, Safety.Safe), (said.Swapped().SafeA, said.Swapped().SafeB));
        Assert.DoesNotContain("safe", Encoding.UTF8.GetString(CanonicalJson.Serialize(judgement)), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\"safeB\":\"unsafe\"", Encoding.UTF8.GetString(CanonicalJson.Serialize(said)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_line_leaves_out_or_calls_null_is_not_known()
    {
        var line = Assert.Single(Read(With("seconds", "null")).Lines);

        Assert.Equal(("preference", LabelerKind.Person, null, null, null), (line.Axis, line.Kind, line.Seconds, line.ShownFirst, line.At));
        Assert.Equal(Turn.User("P"), line.Prompt);
    }

    [Theory]
    [InlineData("a_much", Side.A, 3)]
    [InlineData("a", Side.A, 2)]
    [InlineData("a_slight", Side.A, 1)]
    [InlineData("tie", Side.Tie, 0)]
    [InlineData("b_slight", Side.B, 1)]
    [InlineData("b", Side.B, 2)]
    [InlineData("b_much", Side.B, 3)]
    [InlineData("both_bad", Side.Tie, 0)]
    public void Every_choice_has_a_side_and_a_strength_and_an_opposite(string text, Side side, int strength)
    {
        var choice = Assert.Single(Read(Good.Replace("\"a\"", $"\"{text}\"", StringComparison.Ordinal)).Lines).Choice;

        Assert.Equal((text, side, strength), (choice.Text(), choice.Side(), choice.Strength()));
        Assert.Equal(choice, choice.Swapped().Swapped());
        Assert.Equal(-choice.SignedStrength(), choice.Swapped().SignedStrength());
        Assert.Equal(text == "both_bad", Judgement.Of("c", "ann", LabelerKind.Person, choice, null).BothBad);
    }

    [Theory]
    [InlineData("[1]", "the line is a list; expected an object with one judgement.")]
    [InlineData("{", "it is no JSON: ")]
    [InlineData("""{"labeler":"ann","choice":"a"}""", "'item' is missing or null; expected a text.")]
    [InlineData("""{"item":"i","prompt":"P","completion_a":"x","labeler":"ann","choice":"a"}""", "'completion_b' is missing or null; expected a text.")]
    [InlineData("""{"item":"i","prompt":"P","completion_a":"x","completion_b":"y","labeler":"ann"}""", "'choice' is missing or null; expected a_much, a, a_slight, tie, b_slight, b, b_much, both_bad.")]
    [InlineData("""{"item":"i","item":"i"}""", "it is no JSON: ")]
    public void A_line_without_what_it_needs_is_refused(string line, string sentence) => Refused(line, sentence);

    [Theory]
    [InlineData("better", "3", "'better' is no known field; expected item, axis,")]
    [InlineData("seconds", "-1", "'seconds' is -1; expected a number from 0 to 1000000000.")]
    [InlineData("seconds", "1e400", "'seconds' is 1e400; expected a number from 0 to 1000000000.")]
    [InlineData("seconds", "\"3\"", "'seconds' is \"3\"; expected a number of seconds.")]
    [InlineData("labeler_kind", "\"robot\"", "'labeler_kind' is 'robot'; expected person, judge, simulated.")]
    [InlineData("shown_first", "\"left\"", "'shown_first' is 'left'; expected a, b.")]
    [InlineData("at", "\"yesterday\"", "'at' is 'yesterday'; expected a time such as 2026-11-25T18:30:00Z.")]
    [InlineData("axis", "\" \"", "'axis' is empty; expected a name.")]
    [InlineData("source_a", "\"a\\u0000b\"", "'source_a' has a control character; expected a name of one line.")]
    [InlineData("guidelines", "[]", "'guidelines' is a list; expected a text.")]
    [InlineData("cluster", "1.5", "'cluster' is 1.5; expected a text.")]
    public void A_field_that_is_wrong_is_named_with_its_value(string field, string value, string sentence) => Refused(With(field, value), sentence);

    [Theory]
    [InlineData("\"choice\":\"a\"", "\"choice\":\"better\"", "'choice' is 'better'; expected a_much, a, a_slight, tie, b_slight, b, b_much, both_bad.")]
    [InlineData("\"prompt\":\"P\"", "\"prompt\":\" \"", "'prompt' is empty; expected a text or a list of turns.")]
    [InlineData("\"prompt\":\"P\"", "\"prompt\":[]", "'prompt' is empty; expected a text or a list of turns.")]
    [InlineData("\"prompt\":\"P\"", "\"prompt\":[{\"role\":\"bot\",\"text\":\"x\"}]", "'role' in turn 1 of 'prompt' is 'bot'; expected user, assistant, system.")]
    [InlineData("\"prompt\":\"P\"", "\"prompt\":[{\"role\":\"user\"}]", "turn 1 of 'prompt' has no text; expected role, and text or content.")]
    [InlineData("\"completion_a\":\"x\"", "\"completion_a\":\"\\ud800\"", "'completion_a' holds half of a surrogate pair; expected Unicode text.")]
    public void A_value_that_is_wrong_is_named(string good, string bad, string sentence) => Refused(Good.Replace(good, bad, StringComparison.Ordinal), sentence);

    [Fact]
    public void An_item_is_one_prompt_and_two_completions_in_either_order()
    {
        const string swapped = """{"item":"i","prompt":"P","completion_a":"y","completion_b":"x","labeler":"bob","choice":"a"}""";

        Assert.Equal(2, Read(Good, swapped).Lines.Count);
        Refused(swapped.Replace("\"x\"", "\"z\"", StringComparison.Ordinal), "the completions of item 'i' are others than in line 1; expected the same two, in either order.");
        Refused(swapped.Replace("\"P\"", "\"Q\"", StringComparison.Ordinal), "'prompt' of item 'i' is another one than in line 1; expected one prompt for one item.");
    }

    [Fact]
    public void The_same_line_again_is_a_repeat_and_another_answer_of_the_same_labeler_a_self_repeat()
    {
        var content = Read(Good, "", Good, Good.Replace("\"a\"", "\"tie\"", StringComparison.Ordinal), With("axis", "\"safety\""));

        Assert.Equal((3, 1, 1), (content.Lines.Count, content.Repeated, content.SelfRepeated));
        Assert.Equal([1, 4, 5], content.Lines.Select(l => l.Line));
    }

    [Fact]
    public void A_line_that_does_not_end_is_refused_before_it_is_in_memory()
    {
        using (var stream = System.IO.File.Create(Path("long.jsonl.gz")))
        using (var zip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            zip.Write(Encoding.UTF8.GetBytes(Good + "\n"));
            var spaces = new byte[1 << 20];
            Array.Fill(spaces, (byte)' ');
            for (var i = 0; i < 200; i++) zip.Write(spaces);
        }
        var before = GC.GetTotalAllocatedBytes();

        var refused = Assert.Throws<InvalidDataException>(() => JudgementFile.Read(Path("long.jsonl.gz"), Token));

        Assert.Equal("'long.jsonl.gz', line 2: it has more than 4194304 bytes; expected an object with one judgement.", refused.Message);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 64 << 20);
    }

    [Fact]
    public void A_file_that_is_cut_off_or_no_text_is_refused()
    {
        using (var whole = new MemoryStream())
        {
            using (var zip = new GZipStream(whole, CompressionLevel.Fastest, leaveOpen: true)) zip.Write(Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 500).Select(i => Good.Replace("\"i\"", $"\"{i}\"", StringComparison.Ordinal)))));
            System.IO.File.WriteAllBytes(Path("cut.jsonl.gz"), whole.ToArray()[..((int)whole.Length / 2)]);
        }
        System.IO.File.WriteAllBytes(Path("latin.jsonl"), Encoding.Latin1.GetBytes(Good.Replace("ann", "andré", StringComparison.Ordinal)));

        Assert.StartsWith("'cut.jsonl.gz', line ", Assert.Throws<InvalidDataException>(() => JudgementFile.Read(Path("cut.jsonl.gz"), Token)).Message, StringComparison.Ordinal);
        Assert.StartsWith("'latin.jsonl', line 1: it is no UTF-8 text", Assert.Throws<InvalidDataException>(() => JudgementFile.Read(Path("latin.jsonl"), Token)).Message, StringComparison.Ordinal);
        Assert.Contains(".jsonl.gz", Assert.Throws<ArgumentException>(() => JudgementFile.Read(File("j.csv", Good), Token)).Message, StringComparison.Ordinal);
        Assert.StartsWith("There is no file", Assert.Throws<ArgumentException>(() => JudgementFile.Read(Path("none.jsonl"), Token)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Writing_never_replaces_a_file()
    {
        var file = File("half-answered.jsonl", Good);

        Assert.Contains("is there already", Assert.Throws<ArgumentException>(() => JudgementFile.Write(file, [])).Message, StringComparison.Ordinal);
        Assert.Equal(Good, System.IO.File.ReadAllText(file));
        Assert.Equal([file], Directory.GetFiles(_store.Folder));
    }

    void Refused(string line, string sentence)
    {
        var refused = Assert.Throws<InvalidDataException>(() => Read(Good, line));

        Assert.StartsWith($"'j.jsonl', line 2: {sentence}", refused.Message, StringComparison.Ordinal);
    }
}
