using Rlhf.Adapters.Labeling.Argilla;
using Rlhf.Adapters.Labeling.LabelStudio;

namespace Rlhf.Adapters.Tests.Labeling;

/// <summary>What the environment says of labeling tools.</summary>
public sealed class ToolSettingsTests
{
    const string Token = "0123456789abcdef";

    [Fact]
    public void Without_an_address_nothing_is_configured()
    {
        Assert.Null(ArgillaSettings.FromEnvironment(_ => null));
        Assert.Null(LabelStudioSettings.FromEnvironment(name => name == "LABEL_STUDIO_API_KEY" ? Token : ""));
    }

    [Fact]
    public void Their_text_names_the_server_and_shows_no_key()
    {
        var argilla = ArgillaSettings.FromEnvironment(Of(("ARGILLA_API_URL", "https://argilla.example/base"), ("ARGILLA_API_KEY", Token), ("ARGILLA_WORKSPACE", "team")))!;
        var studio = LabelStudioSettings.FromEnvironment(Of(("LABEL_STUDIO_URL", "http://studio:8080/"), ("LABEL_STUDIO_API_KEY", Token), ("LABEL_STUDIO_WORKSPACE", "4")))!;

        Assert.Equal("Argilla at https://argilla.example/base/, workspace 'team'", $"{argilla}");
        Assert.Equal("Label Studio at http://studio:8080/, workspace 4", $"{studio}");
    }

    [Theory]
    [InlineData("argilla.example", Token, "ARGILLA_API_URL is not the address of a server; expected such as https://labeling.example.")]
    [InlineData("https://ann:pass@argilla.example", Token, "ARGILLA_API_URL (argilla.example) has a user, a query or a fragment; expected a server's address with at most a path.")]
    [InlineData("https://argilla.example", null, "ARGILLA_API_KEY is not set although ARGILLA_API_URL is; expected a key of somebody who may make datasets.")]
    [InlineData("https://argilla.example", "two words", "ARGILLA_API_KEY holds white space or characters outside ASCII; expected a key as it goes into a header.")]
    public void What_cannot_be_used_is_said_in_one_sentence(string address, string? key, string sentence)
    {
        var e = Assert.Throws<ArgumentException>(() => ArgillaSettings.FromEnvironment(name => name == "ARGILLA_API_URL" ? address : name == "ARGILLA_API_KEY" ? key : null));

        Assert.Equal(sentence, e.Message);
    }

    [Fact]
    public void A_workspace_of_Label_Studio_is_a_number()
    {
        var e = Assert.Throws<ArgumentException>(() => LabelStudioSettings.FromEnvironment(Of(("LABEL_STUDIO_URL", "http://studio"), ("LABEL_STUDIO_API_KEY", Token), ("LABEL_STUDIO_WORKSPACE", "team"))));

        Assert.Equal("LABEL_STUDIO_WORKSPACE is 'team'; expected the number of a workspace.", e.Message);
    }

    static Func<string, string?> Of(params (string Name, string Value)[] values) => name => values.FirstOrDefault(v => v.Name == name).Value;
}
