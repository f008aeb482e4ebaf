using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Labeling;

/// <summary>The report on a file of judgements, which needs nothing else.</summary>
public sealed class ReportTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static string Line(int item, string labeler, string choice) =>
        $$"""{"item":"{{item}}","prompt":"P [{{item}}]","completion_a":"x","completion_b":"longer","labeler":"{{labeler}} [1]","choice":"{{choice}}"}""";

    [Fact]
    public async Task Figures_are_printed_without_a_store_and_what_is_not_known_is_null_with_a_reason()
    {
        await using var site = new Site();
        var file = Path.Combine(site.Store, "judgements.jsonl");
        await File.WriteAllLinesAsync(file, [Line(1, "ann", "a"), Line(1, "bob", "a_slight"), Line(2, "ann", "b"), Line(2, "bob", "tie")], Token);

        var json = await site.RunAsync("judgements", "report", file, "--json");
        var people = await site.RunAsync("judgements", "report", file);

        Assert.True(json.ExitCode == 0, json.Error);
        var axis = json.Json["axes"]![0]!;
        Assert.Equal(.5, axis["agreement"]!["agreement"]!.GetValue<double>());
        Assert.True(axis["labelers"]![0]!.AsObject().ContainsKey("positionPreference"));
        Assert.Null(axis["labelers"]![0]!["positionPreference"]);
        Assert.Equal("No line says which side was shown first (shown_first).", axis["labelers"]![0]!["reasons"]!["positionPreference"]!.GetValue<string>());
        Assert.True(people.ExitCode == 0, people.Error);
        Assert.Contains("ann [1]", people.Output, StringComparison.Ordinal);
        Assert.Contains("Alarm", people.Output, StringComparison.Ordinal);
        Assert.Equal([file], Directory.GetFileSystemEntries(site.Store));
    }

    [Fact]
    public async Task The_first_bad_line_is_named_in_one_sentence()
    {
        await using var site = new Site();
        var file = Path.Combine(site.Store, "judgements.jsonl");
        await File.WriteAllLinesAsync(file, [Line(1, "ann", "a"), Line(1, "bob", "better")], Token);

        var said = await site.RunAsync("judgements", "report", file, "--json");

        Assert.Equal((1, "", "'judgements.jsonl', line 2: 'choice' is 'better'; expected a_much, a, a_slight, tie, b_slight, b, b_much, both_bad."), (said.ExitCode, said.Output, said.Error.Trim()));
    }
}
