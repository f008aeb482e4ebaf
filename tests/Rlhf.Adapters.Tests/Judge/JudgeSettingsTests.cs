using Rlhf.Adapters.Judge;

namespace Rlhf.Adapters.Tests.Judge;

public sealed class JudgeSettingsTests
{
    static Dictionary<string, string> Some => new() { ["RLHF_JUDGE_URL"] = "https://judge.example/v1", ["RLHF_JUDGE_MODEL"] = "m", ["RLHF_JUDGE_KEY"] = "secret" };

    [Fact]
    public void Without_an_address_there_is_no_judge() => Assert.Null(JudgeSettings.FromEnvironment(_ => null));

    [Fact]
    public void Everything_is_read_and_the_key_is_never_in_the_text()
    {
        var variables = new Dictionary<string, string>(Some)
        {
            ["RLHF_JUDGE_PER_MINUTE"] = "30",
            ["RLHF_JUDGE_AT_ONCE"] = "2",
            ["RLHF_JUDGE_TIMEOUT"] = "7",
            ["RLHF_JUDGE_TOKENS"] = "1000000",
            ["RLHF_JUDGE_MONEY"] = "12.5",
            ["RLHF_JUDGE_PRICES"] = "2.5/10",
        };

        var settings = JudgeSettings.FromEnvironment(variables.GetValueOrDefault)!;

        Assert.Equal((30.0, 2, TimeSpan.FromSeconds(7), 1_000_000L, 12.5m, new TokenPrices(2.5m, 10)),
            (settings.PerMinute!.Value, settings.AtOnce, settings.Timeout, settings.BudgetTokens!.Value, settings.BudgetMoney!.Value, settings.Prices));
        Assert.DoesNotContain("secret", $"{settings}", StringComparison.Ordinal);
        Assert.Equal(0.00035m, settings.Prices!.Of(100, 10));
    }

    [Theory]
    [InlineData("RLHF_JUDGE_URL", "judge.example", "RLHF_JUDGE_URL is no address of an API")]
    [InlineData("RLHF_JUDGE_URL", "https://user:pass@judge.example/v1", "RLHF_JUDGE_URL is no address of an API")]
    [InlineData("RLHF_JUDGE_MODEL", "", "RLHF_JUDGE_URL is set, but RLHF_JUDGE_MODEL is not")]
    [InlineData("RLHF_JUDGE_MODEL", "a#b", "RLHF_JUDGE_MODEL is 'a#b'")]
    [InlineData("RLHF_JUDGE_KEY", "two words", "RLHF_JUDGE_KEY holds white space")]
    [InlineData("RLHF_JUDGE_PER_MINUTE", "0", "RLHF_JUDGE_PER_MINUTE is '0'; expected requests a minute, 0.1 to 1000000.")]
    [InlineData("RLHF_JUDGE_AT_ONCE", "65", "RLHF_JUDGE_AT_ONCE is '65'")]
    [InlineData("RLHF_JUDGE_TOKENS", "many", "RLHF_JUDGE_TOKENS is 'many'")]
    [InlineData("RLHF_JUDGE_TIMEOUT", "0", "RLHF_JUDGE_TIMEOUT is '0'")]
    [InlineData("RLHF_JUDGE_PRICES", "3", "RLHF_JUDGE_PRICES is '3'")]
    [InlineData("RLHF_JUDGE_PRICES", "-1/2", "RLHF_JUDGE_PRICES is '-1/2'")]
    [InlineData("RLHF_JUDGE_MONEY", "5", "RLHF_JUDGE_MONEY is set, but RLHF_JUDGE_PRICES is not")]
    public void What_cannot_be_used_is_named_with_what_was_expected(string name, string value, string says)
    {
        var variables = Some;
        variables[name] = value;

        var error = Assert.Throws<ArgumentException>(() => JudgeSettings.FromEnvironment(variables.GetValueOrDefault));

        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pass@", error.Message, StringComparison.Ordinal);
    }
}
