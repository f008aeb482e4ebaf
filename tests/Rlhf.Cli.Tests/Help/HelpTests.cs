using System.CommandLine;
using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Help;

public sealed class HelpTests
{
    static IEnumerable<string> Verbs(Command command, string prefix = "") =>
        command.Subcommands.SelectMany(c => c.Subcommands.Count == 0 ? [$"{prefix}{c.Name}"] : Verbs(c, $"{prefix}{c.Name} "));

    [Fact]
    public void The_README_names_every_command_and_no_other()
    {
        var readme = File.ReadAllText(Path.Combine(Support.Rlhf.Root, "README.md"));
        var named = System.Text.RegularExpressions.Regex.Matches(readme, @"^\| `rlhf ([a-z]+(?: [a-z]+)?)", System.Text.RegularExpressions.RegexOptions.Multiline).Select(m => m.Groups[1].Value);

        Assert.Equal(Verbs(Commands.Root()).Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_command_and_option_says_what_it_is_for()
    {
        static IEnumerable<Symbol> All(Command c) => c.Options.Cast<Symbol>().Concat(c.Arguments).Concat(c.Subcommands.SelectMany(s => All(s).Prepend(s)));

        Assert.DoesNotContain(All(Commands.Root()), s => string.IsNullOrWhiteSpace(s.Description));
    }

    [Theory]
    [InlineData("rounds")]
    [InlineData("round", "--sed", "1")]
    [InlineData("round", "--preset", "huge")]
    [InlineData("round", "--labeler", "crowd")]
    [InlineData("round", "--labeler", "judge")]
    [InlineData("round", "--labeler", "reward-model")]
    [InlineData("round", "--labeler", "policy", "--judge", "policy@7")]
    [InlineData("round", "--judge", "reward-model@latest")]
    [InlineData("round", "--policy", "nowhere", "--labeler", "simulated")]
    [InlineData("round", "--prompts", "nowhere.txt")]
    [InlineData("artifacts", "show", "policy")]
    [InlineData("steps", "run", "TrainEverything", "--input", "none.json")]
    [InlineData("run", "nowhere")]
    public async Task Wrong_usage_is_answered_with_a_sentence_and_exit_code_2(params string[] arguments)
    {
        var store = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

        var said = await Support.Rlhf.Run(store, arguments);

        Directory.Delete(store, recursive: true);
        Assert.True(said.ExitCode == 2, $"{said.ExitCode}: {said.Error}");
        Assert.DoesNotContain("   at ", said.Error, StringComparison.Ordinal);
        Assert.NotEmpty(said.Error.Trim());
        Assert.Empty(said.Output);
    }

    [Fact]
    public async Task A_policy_of_ones_own_needs_a_labeler_that_is_named()
    {
        var said = await Support.Rlhf.Run(Path.GetTempPath(), "round", "--policy", "anywhere");

        Assert.Equal(2, said.ExitCode);
        Assert.Contains("--labeler", said.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("3601")]
    [InlineData("soon")]
    public async Task A_lease_that_is_none_is_refused_by_name(string seconds)
    {
        await using var site = new Site { Environment = { ["RLHF_LEASE_SECONDS"] = seconds } };

        var said = await site.RunAsync("instances", "list");

        Assert.Equal(2, said.ExitCode);
        Assert.Contains($"RLHF_LEASE_SECONDS is '{seconds}'", said.Error, StringComparison.Ordinal);
    }
}
