using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Rlhf.Steps.Data;

namespace Rlhf.Steps.Labeling;

/// <summary>The judgements of a file: each once, in the file's order.</summary>
/// <param name="Name">The file's name without its folder.</param>
/// <param name="Lines">The judgements; those of one labeler on one item and axis may be several.</param>
/// <param name="Repeated">Lines left out since an earlier one is the same in every field.</param>
/// <param name="SelfRepeated">Lines in which a labeler judges an item again on the same axis, otherwise or at another time.</param>
public sealed record JudgementFileContent(string Name, IReadOnlyList<JudgementLine> Lines, int Repeated, int SelfRepeated);

/// <summary>
/// Files of judgements: <c>.jsonl</c> or <c>.jsonl.gz</c>, one object a line. A file is checked completely before anything of it is given out; blank
/// lines are nothing.
/// </summary>
public static class JudgementFile
{
    /// <summary>Bytes of the longest line that is read: 4 MiB.</summary>
    public const int LongestLine = 4 << 20;

    static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads judgements with what was judged: prompt and both completions are there in every line.</summary>
    /// <exception cref="ArgumentException">There is no such file, or its name has another ending.</exception>
    /// <exception cref="InvalidDataException">A line is broken or says of an item other than an earlier one did; names file, line and field.</exception>
    public static JudgementFileContent Read(string file, CancellationToken cancellationToken) => Read(file, isComplete: true, cancellationToken);

    /// <summary>Reads answers to questions that are known elsewhere: an item, a labeler and a choice are enough.</summary>
    /// <exception cref="ArgumentException">There is no such file, or its name has another ending.</exception>
    /// <exception cref="InvalidDataException">A line is broken; names file, line and field.</exception>
    public static JudgementFileContent ReadAnswers(string file, CancellationToken cancellationToken) => Read(file, isComplete: false, cancellationToken);

    /// <summary>An error of a line, in the words of all of them.</summary>
    public static InvalidDataException Wrong(string name, int line, string sentence, Exception? inner = null) => new($"'{name}', line {line}: {sentence}", inner);

    /// <summary>Writes lines to a new file; where it cannot be written completely there is none.</summary>
    /// <exception cref="ArgumentException">The file is there already, or its name has another ending.</exception>
    public static void Write(string file, IEnumerable<string> lines)
    {
        if (File.Exists(file) || Directory.Exists(file)) throw new ArgumentException($"'{file}' is there already; expected the name of a new file.");
        var zips = Zips(file);
        var half = $"{file}.{Guid.NewGuid():N}.part";
        try
        {
            using (var stream = File.Create(half))
            using (var packed = zips ? new GZipStream(stream, CompressionLevel.Optimal) : (Stream)stream)
            using (var writer = new StreamWriter(packed, new UTF8Encoding(false)) { NewLine = "\n" })
                foreach (var line in lines) writer.WriteLine(line);
            File.Move(half, file, overwrite: false);
        }
        finally
        {
            File.Delete(half);
        }
    }

    static JudgementFileContent Read(string file, bool isComplete, CancellationToken cancellationToken)
    {
        if (!File.Exists(file)) throw new ArgumentException($"There is no file '{file}'; expected judgements, .jsonl or .jsonl.gz.");
        var zips = Zips(file);
        var read = new JudgementSet(Path.GetFileName(file));
        using var stream = File.OpenRead(file);
        using var content = zips ? new GZipStream(stream, CompressionMode.Decompress) : (Stream)stream;
        var lines = new BoundedLines(content, LongestLine);
        try
        {
            while (lines.Next() is { } text)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!string.IsNullOrWhiteSpace(text)) read.Add(Parse(text, isComplete) with { Line = lines.Number });
            }
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException) // half of a surrogate pair in a field's name
        {
            throw Wrong(read.Name, lines.Number, e.Message, e);
        }
        return read.Content;
    }

    static JudgementLine Parse(string text, bool isComplete)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, Strict);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"it is no JSON: {e.Message}", e);
        }
        using (document)
        {
            var fields = new JudgementFields(document.RootElement);
            return new JudgementLine(fields.Name("item"), fields.Name("labeler"), fields.Choice())
            {
                Axis = fields.OptionalName("axis") ?? JudgementLine.DefaultAxis,
                PromptId = fields.OptionalName("prompt_id"),
                Prompt = fields.OptionalPrompt() ?? (isComplete ? throw JudgementFields.Missing("prompt") : null),
                CompletionA = isComplete ? fields.Text("completion_a") : fields.OptionalText("completion_a"),
                CompletionB = isComplete ? fields.Text("completion_b") : fields.OptionalText("completion_b"),
                SourceA = fields.OptionalName("source_a"),
                SourceB = fields.OptionalName("source_b"),
                ShownFirst = fields.OptionalOneOf("shown_first", "a", "b") switch { "a" => Side.A, "b" => Side.B, _ => null },
                Cluster = fields.OptionalName("cluster"),
                Kind = fields.OptionalOneOf("labeler_kind", "person", "judge", "simulated") switch
                {
                    "judge" => LabelerKind.Judge,
                    "simulated" => LabelerKind.Simulated,
                    _ => LabelerKind.Person,
                },
                SafeA = Safeties.Parse(fields.OptionalOneOf("safe_a", Safeties.All)),
                SafeB = Safeties.Parse(fields.OptionalOneOf("safe_b", Safeties.All)),
                Seconds = fields.OptionalSeconds(),
                Guidelines = fields.OptionalName("guidelines"),
                At = fields.OptionalTime(),
            };
        }
    }

    static bool Zips(string file) =>
        file.EndsWith(".jsonl.gz", StringComparison.OrdinalIgnoreCase)
        || (file.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase)
            ? false
            : throw new ArgumentException($"'{Path.GetFileName(file)}' has another ending than what is read; expected .jsonl or .jsonl.gz."));
}
