using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Artifacts;

public class ReferencesTests
{
    readonly MemoryObjectStore _objects = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    References References => new(_objects, TimeProvider.System, "production");

    [Fact]
    public async Task Champion_previous_and_challenger_are_those_of_the_environment()
    {
        var aliases = new Aliases(_objects, "production");
        await Append(aliases, Aliases.Champion("0f3a"), 1, 'a');
        await Append(aliases, Aliases.Champion("0f3a"), 2, 'b');
        await Append(aliases, Aliases.Challenger("0f3a"), 1, 'c');
        await Append(new(_objects, "sandbox"), Aliases.Champion("0f3a"), 1, 'd');

        Assert.Equal(Policy('b'), await References.ResolveAsync("policy@champion", Token));
        Assert.Equal(Policy('a'), await References.ResolveAsync("policy@previous", Token));
        Assert.Equal(Policy('c'), await References.ResolveAsync("policy@challenger", Token));
        Assert.Equal(Policy('d'), await new References(_objects, TimeProvider.System, "sandbox").ResolveAsync("policy@champion", Token));
    }

    [Fact]
    public async Task With_several_campaigns_the_campaign_must_be_named()
    {
        var aliases = new Aliases(_objects, "production");
        await Append(aliases, Aliases.Champion("0f3a"), 1, 'a');
        await Append(aliases, Aliases.Champion("77b1"), 1, 'b');

        var error = await Assert.ThrowsAsync<ArgumentException>(() => References.ResolveAsync("policy@champion", Token));

        Assert.Contains("0f3a, 77b1", error.Message, StringComparison.Ordinal);
        Assert.Equal(Policy('b'), await References.ResolveAsync("policy@champion-77", Token));
    }

    [Fact]
    public async Task What_is_not_there_is_said()
    {
        await Append(new(_objects, "production"), Aliases.Champion("0f3a"), 1, 'a');

        foreach (var (text, sentence) in new[]
        {
            ("policy@previous", "its champion is the first"), ("policy@challenger", "no policy@challenger"), ("policy@champion-77", "campaign 77"),
            ("policy@3", "no 'policy'"), ("policy/0f3a", "no artifact"), ("nonsense", "not an artifact reference"),
        })
            Assert.Contains(sentence, (await Assert.ThrowsAsync<ArgumentException>(() => References.ResolveAsync(text, Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_digits_are_enough_where_they_are_clear()
    {
        var artifact = await new ArtifactStore(_objects).PutAsync("policy", Some.Files(("a.txt", "1")), Token);

        Assert.Equal(artifact, await References.ResolveAsync(artifact.Short, Token));
        Assert.Equal(artifact, await References.ResolveAsync(artifact.ToString(), Token));
    }

    [Theory]
    [InlineData("policy@champion", true)]
    [InlineData("policy@previous-0f3a", true)]
    [InlineData("policy@7", true)]
    [InlineData("policy@champions", false)]
    [InlineData("model@champion", false)]
    [InlineData("team@example", false)]
    [InlineData("policy@champion-xyz", false)]
    public void Only_these_forms_are_references_in_a_workflows_inputs(string text, bool isReference) =>
        Assert.Equal(isReference, References.IsReference(text));

    static ArtifactRef Policy(char digit) => new("policy", new(digit, 64));

    static async Task Append(Aliases aliases, string name, int version, char digit) =>
        Assert.True(await aliases.TryAppendAsync(name, new(version, Policy(digit), "", DateTimeOffset.UnixEpoch, "i"), Token));
}
