using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Overoptimization;

public sealed class FitTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    [Fact]
    public async Task The_published_points_give_the_published_law()
    {
        var said = await FitAsync("rl", "update,kl,gold,policy", "1,1,.36,a", "2,4,.50,b", "3,9,.55,\"c,d\"", "4,16,.52,e", "5,36,.46,f", "6,64,.26,g");

        Assert.True(said.ExitCode == 0, said.Error);
        Assert.Equal(.349065, said.Json["alpha"]!.GetValue<double>(), 1e-6);
        Assert.Equal(.152513, said.Json["beta"]!.GetValue<double>(), 1e-6);
        Assert.Equal(3.628248 * 3.628248, said.Json["bestKl"]!.GetValue<double>(), 1e-4);
        Assert.Equal(.553356, said.Json["bestGain"]!.GetValue<double>(), 1e-6);
        Assert.InRange(said.Json["r2"]!.GetValue<double>(), .95, 1);
        Assert.True(said.Json["bestKlInterval"]![0]!.GetValue<double>() < said.Json["bestKlInterval"]![1]!.GetValue<double>());
        Assert.False(Directory.Exists(Path.Combine(_folder, "store")));
    }

    [Fact]
    public async Task Points_that_carry_no_law_end_in_words_and_exit_code_1()
    {
        var json = await FitAsync("bon", "kl,gold,weight", "1,.1,1", "4,.2,2");
        var people = await Support.Rlhf.Run(Path.Combine(_folder, "store"), "overoptimization", "fit", Path.Combine(_folder, "points.csv"), "--law", "bon");

        Assert.Equal(1, json.ExitCode);
        Assert.True(json.Json.ContainsKey("alpha"));
        Assert.Null(json.Json["alpha"]);
        Assert.StartsWith("No law was fitted: 2 different KL", json.Json["refused"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(1, people.ExitCode);
        Assert.Equal(json.Json["refused"]!.GetValue<string>(), people.Output.Trim());
    }

    [Theory]
    [InlineData("line 3: 'gold' is 'much'", "kl,gold", "1,.36", "4,much")]
    [InlineData("line 4: 'gold' is ''", "kl,gold", "", "", "4,")]
    [InlineData("line 2: 'kl' is '-1'", "kl,gold", "-1,.36")]
    [InlineData("line 2: 'weight' is '0'", "kl,gold,weight", "1,.36,0")]
    [InlineData("line 3: 3 fields; expected 2", "kl,gold", "1,2", "1,2,3")]
    [InlineData("is empty; expected a header", "", "")]
    [InlineData("expected 'gold' among them", "kl,proxy", "1,2")]
    [InlineData("expected 'kl' among them, and commas between fields", "kl;gold", "1;2")]
    [InlineData("the column 'kl' is there 2 times", "kl,gold,kl", "1,2,3")]
    [InlineData("line 2: 1,\"2", "kl,gold", "1,\"2")]
    public async Task A_broken_file_is_named_with_its_line(string why, params string[] lines)
    {
        var said = await FitAsync("rl", lines);

        Assert.Equal(1, said.ExitCode);
        Assert.Contains("points.csv", said.Error, StringComparison.Ordinal);
        Assert.Contains(why, said.Error, StringComparison.Ordinal);
        Assert.Empty(said.Output);
    }

    [Theory]
    [InlineData("overoptimization", "fit", "nowhere.csv", "--law", "rl")]
    [InlineData("overoptimization", "fit", "nowhere.csv", "--law", "ppo")]
    [InlineData("overoptimization", "fit", "nowhere.csv")]
    [InlineData("overoptimization", "fit", "nowhere.csv", "--law", "rl", "--resamples", "3")]
    public async Task Wrong_usage_has_exit_code_2(params string[] arguments)
    {
        var said = await Support.Rlhf.Run(Path.Combine(_folder, "store"), arguments);

        Assert.Equal(2, said.ExitCode);
        Assert.NotEmpty(said.Error.Trim());
        Assert.Empty(said.Output);
    }

    async Task<Said> FitAsync(string law, params string[] lines)
    {
        var file = Path.Combine(_folder, "points.csv");
        await File.WriteAllLinesAsync(file, lines, TestContext.Current.CancellationToken);
        return await Support.Rlhf.Run(Path.Combine(_folder, "store"), "overoptimization", "fit", file, "--law", law, "--json");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
