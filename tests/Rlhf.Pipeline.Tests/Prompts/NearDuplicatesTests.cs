using Rlhf.Pipeline.Prompts;

namespace Rlhf.Pipeline.Tests.Prompts;

public sealed class NearDuplicatesTests
{
    const string Long = "once upon a time there was a girl who lived in a small house by the sea and liked to walk along the beach every single morning before breakfast";

    [Fact]
    public void A_text_that_differs_in_its_last_word_is_found() =>
        Assert.True(new NearDuplicates([Long]).Contains(Long.Replace("breakfast", "dinner", StringComparison.Ordinal)));

    [Fact]
    public void Case_and_spaces_do_not_matter() => Assert.True(new NearDuplicates([Long]).Contains("  " + Long.ToUpperInvariant().Replace(" ", "  ", StringComparison.Ordinal)));

    [Fact]
    public void Another_text_is_not_found() => Assert.False(new NearDuplicates([Long]).Contains("the king wanted a new crown and sent for all the jewelers of the country to make one"));

    [Fact]
    public void Texts_are_counted() => Assert.Equal(2, new NearDuplicates([Long, "one two"]).Count([Long, "one two", "three"]));
}
