using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Labeling;

public sealed class BrokenInputsTests
{
    const string Broken = """
        # Guidelines

        ## Worked examples

        ### One

        > A prompt

        - A: one
        - B: two

        **Z much better.** Why.
        """;

    [Fact]
    public async Task Guidelines_with_a_broken_example_are_said_when_the_server_starts_and_by_the_doctor()
    {
        await using var site = new Site();
        var folder = Path.Combine(site.Store, "team");
        Directory.CreateDirectory(Path.Combine(folder, "workflows", "guidelines"));
        Directory.CreateDirectory(Path.Combine(folder, "workflows", "gates"));
        await File.WriteAllTextAsync(Path.Combine(folder, "workflows", "guidelines", "tone.md"), Broken, TestContext.Current.CancellationToken);

        var served = await Support.Rlhf.StartIn(folder, site.Store, site.Environment, "serve", "--urls", "http://127.0.0.1:0").EndAsync();
        var doctor = await Support.Rlhf.StartIn(folder, site.Store, site.Environment, "doctor").EndAsync();
        File.Delete(Path.Combine(folder, "workflows", "guidelines", "tone.md"));
        await File.WriteAllTextAsync(Path.Combine(folder, "workflows", "gates", "ours.json"), """{ "test": { "alpha": 7 } }""", TestContext.Current.CancellationToken);
        var gate = await Support.Rlhf.StartIn(folder, site.Store, site.Environment, "doctor").EndAsync();

        Assert.Equal((1, 1, 1), (served.ExitCode, doctor.ExitCode, gate.ExitCode));
        Assert.Contains("'tone.md', line 12: the worked example 'One' has the verdict", served.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Pages at", served.Error, StringComparison.Ordinal);
        Assert.Contains("FAILED  workflow inputs 'tone.md', line 12", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("FAILED  workflow inputs ours.json: 'test.alpha' is 7; expected", gate.Output, StringComparison.Ordinal);
    }
}
