using Microsoft.Playwright;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Server.Tests.Support;

/// <summary>Answers the guidelines' examples on the page by keyboard.</summary>
static class Examples
{
    public static async Task AnswerAsync(IPage page, Place place, bool right)
    {
        var examples = place.Guidelines().Examples;
        for (var i = 1; i <= examples.Count; i++)
        {
            await page.GetByRole(AriaRole.Heading, new() { Name = $"Example {i} of {examples.Count}" }).WaitForAsync();
            var example = examples[i - 1];
            Assert.Equal(example.Prompt, await page.Locator("#prompt .words").TextContentAsync());
            var first = await page.Locator("#a").TextContentAsync();
            var choice = right ? example.Verdict : Wrong(example);
            var shown = first == example.A ? choice : choice.Swapped();
            await page.Keyboard.PressAsync($"{(int)shown + 1}");
        }
    }

    static Choice Wrong(WorkedExample example) => Enum.GetValues<Choice>().First(c => !example.IsRight(c));
}
