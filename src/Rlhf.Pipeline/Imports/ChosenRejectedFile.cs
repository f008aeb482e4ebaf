using System.IO.Compression;
using System.Text;

namespace Rlhf.Pipeline.Imports;

/// <summary>A file of pairs, <c>.jsonl</c> or <c>.jsonl.gz</c>, one object a line; blank lines are nothing.</summary>
static class ChosenRejectedFile
{
    /// <returns>The pairs in the file's order, and how many lines have sides that are no two answers to the same turns.</returns>
    /// <exception cref="ArgumentException">The file's name has another ending.</exception>
    /// <exception cref="InvalidDataException">A line is broken, or the file is; names file and line.</exception>
    public static (List<ChosenRejected> Pairs, int Unpaired) Read(string name, byte[] content, CancellationToken cancellationToken)
    {
        var pairs = new List<ChosenRejected>();
        var (number, unpaired) = (0, 0);
        try
        {
            using var reader = new StreamReader(Open(name, content), new UTF8Encoding(false, throwOnInvalidBytes: true));
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                number++;
                if (reader.ReadLine() is not { } line) return (pairs, unpaired);
                if (string.IsNullOrWhiteSpace(line)) continue;
                if (ChosenRejectedLine.Read(line) is { } pair) pairs.Add(pair);
                else unpaired++;
            }
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or DecoderFallbackException)
        {
            throw new InvalidDataException($"'{name}', line {number}: {(e is DecoderFallbackException ? $"it is no UTF-8 text: {e.Message}" : e.Message)}", e);
        }
    }

    static Stream Open(string name, byte[] content)
    {
        var stream = new MemoryStream(content, writable: false);
        return name.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) ? stream
            : name.EndsWith(".jsonl.gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(stream, CompressionMode.Decompress)
            : throw new ArgumentException($"'{name}' has another ending than what is read; expected .jsonl or .jsonl.gz.");
    }
}
