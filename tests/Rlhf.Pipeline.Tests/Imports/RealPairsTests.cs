using System.IO.Compression;
using System.Text.Json.Nodes;
using Rlhf.Pipeline.Imports;
using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Pipeline.Tests.Imports;

/// <summary>Real human preferences as chats.</summary>
public sealed class RealPairsTests : IDisposable
{
    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("helpful-base.test.jsonl.gz", 2354, 2)]
    [InlineData("helpful-online.test.jsonl.gz", 1137, 2)]
    public async Task Every_pair_of_hh_rlhf_becomes_a_chat_with_the_answers_as_people_chose_them(string name, int lines, int identical)
    {
        var file = SharedData.File("hh-rlhf", name);

        var imported = await JudgementImport.RunAsync(_run.Artifacts, file, "people", "helpfulness", Token);
        var built = await _run.Completes("BuildPreferences", new() { ["comparisons"] = $"{imported.Comparisons}", ["judgements"] = $"{imported.Judgements}" });

        var pairs = await _run.Artifacts.ReadPairsAsync(ArtifactRef.Parse(built["preferences"]!.GetValue<string>()), Token);
        var different = Read(file).Where(l => l.Chosen != l.Rejected).ToList();
        Assert.Equal((lines - identical, identical, 0, 0), (imported.Pairs, imported.Counts.Identical, imported.Counts.Unpaired, imported.Counts.Repeated));
        Assert.Equal(different.Count, pairs.Count);
        foreach (var (line, pair) in different.Zip(pairs))
        {
            Assert.EndsWith(pair.Chosen, line.Chosen.TrimEnd(), StringComparison.Ordinal);
            Assert.EndsWith(pair.Rejected, line.Rejected.TrimEnd(), StringComparison.Ordinal);
            Assert.Equal("user", pair.Prompt[0].Role);
        }
    }

    static IEnumerable<(string Chosen, string Rejected)> Read(string file)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            var fields = JsonNode.Parse(line)!;
            yield return (fields["chosen"]!.GetValue<string>(), fields["rejected"]!.GetValue<string>());
        }
    }
}
