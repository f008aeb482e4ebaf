using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Processes;

/// <summary><c>rlhf serve --elsa</c>: which server Studio's workflows are of.</summary>
public sealed class ServeElsaTests
{
    [Theory]
    [InlineData("", "--elsa without an address needs RLHF_ELSA_URL")]
    [InlineData("http://somewhere/elsa/api --no-pages", "expected --elsa or --no-pages, not both")]
    [InlineData("ftp://somewhere/elsa/api", "'ftp://somewhere/elsa/api'; expected such as http://127.0.0.1:5090/elsa/api")]
    [InlineData("somewhere", "'somewhere'; expected such as http://127.0.0.1:5090/elsa/api")]
    [InlineData("http://ann:secret@somewhere/elsa/api", "with neither a query nor a password")]
    public async Task An_address_that_is_none_is_refused_before_anything_is_driven(string rest, string sentence)
    {
        await using var site = new Site();

        var said = await site.RunAsync(["serve", "--elsa", .. rest.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal(2, said.ExitCode);
        Assert.Contains(sentence, said.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Driving", said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_address_of_the_environment_stands_where_none_is_given_and_Elsa_may_be_away_when_it_starts()
    {
        await using var site = new Site();
        site.Environment["RLHF_ELSA_URL"] = "http://127.0.0.1:9/elsa/api";
        var serve = site.Start("serve", "--urls", "http://127.0.0.1:0", "--elsa");

        await serve.UntilItSaysAsync("are those of the Elsa server http://127.0.0.1:9/elsa/api");
        await serve.UntilItSaysAsync("rlhf schedules pause rlhf-campaign");
        serve.Terminate();

        Assert.Equal(0, (await serve.EndAsync()).ExitCode);
    }
}
