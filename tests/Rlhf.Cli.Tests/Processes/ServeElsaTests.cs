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
        await serve.UntilItSaysAsync("Driving");
        serve.Terminate();

        Assert.Equal(0, (await serve.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task The_stores_schedules_are_left_to_the_Elsa_server_until_it_is_said_otherwise()
    {
        await using var site = new Site();

        var left = await ListAsync("left to the Elsa server http://127.0.0.1:9/elsa/api (--fire-schedules", "--elsa", "http://127.0.0.1:9/elsa/api");
        var both = await ListAsync("Schedule rlhf-campaign: next", "--elsa", "http://127.0.0.1:9/elsa/api", "--fire-schedules");
        await ListAsync("left to the Elsa server", "--elsa", "http://127.0.0.1:9/elsa/api");
        var alone = await ListAsync("Schedule rlhf-campaign: next");

        Assert.Contains("rlhf-campaign  weekly  Cron 0 0 3 * * 1 UTC  left to the Elsa server http://127.0.0.1:9/elsa/api", left, StringComparison.Ordinal);
        Assert.All([both, alone], list => Assert.Contains("rlhf-campaign  weekly  Cron 0 0 3 * * 1 UTC  next", list, StringComparison.Ordinal));
        Assert.All([left, both, alone], list => Assert.Contains("when the event comes", list, StringComparison.Ordinal));

        async Task<string> ListAsync(string said, params string[] options)
        {
            var serve = site.Start(["serve", "--urls", "http://127.0.0.1:0", .. options]);
            await serve.UntilItSaysAsync(said);
            serve.Terminate();
            await serve.EndAsync();
            return (await site.RunAsync("schedules", "list")).Output;
        }
    }

    [Fact]
    public async Task Schedules_are_fired_without_an_Elsa_server_anyway()
    {
        await using var site = new Site();

        var said = await site.RunAsync("serve", "--fire-schedules");

        Assert.Equal(2, said.ExitCode);
        Assert.Contains("--fire-schedules is for --elsa alone", said.Error, StringComparison.Ordinal);
    }
}
