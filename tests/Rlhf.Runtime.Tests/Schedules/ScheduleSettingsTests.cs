using System.Text.Json.Nodes;
using Rlhf.Runtime.Schedules;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

public class ScheduleSettingsTests
{
    [Fact]
    public void Without_properties_of_its_own_a_workflow_is_scheduled_in_UTC_and_made_up_for_once()
    {
        var settings = Read([]);

        Assert.Equal(("UTC", MissedTimes.Once, false, 0), (settings.Zone, settings.Missed, settings.SkipUnchanged, settings.Inputs.Count));
    }

    [Fact]
    public void A_workflow_says_how_it_is_scheduled()
    {
        var settings = Read(new()
        {
            ["scheduleTimeZone"] = "Europe/Berlin",
            ["scheduleMissed"] = "skip",
            ["scheduleSkipUnchanged"] = true,
            ["scheduleInput.prompts"] = "prompts@latest",
            ["color"] = "blue",
        });

        Assert.Equal(("Europe/Berlin", MissedTimes.Skip, true, "prompts@latest"), (settings.Zone, settings.Missed, settings.SkipUnchanged, (string?)settings.Inputs["prompts"]));
    }

    [Theory]
    [InlineData("scheduleTimeZone", "Mars/Olympus", "some.json: 'Mars/Olympus' is no time zone that this machine knows; expected an IANA name such as Europe/Berlin, or UTC.")]
    [InlineData("scheduleMissed", "twice", "some.json: the custom property 'scheduleMissed' is 'twice'; expected once or skip.")]
    [InlineData("scheduleSkipUnchanged", "perhaps", "some.json: the custom property 'scheduleSkipUnchanged' is 'perhaps'; expected true or false.")]
    [InlineData("scheduleTimezone", "UTC", "some.json: the custom property 'scheduleTimezone' is not known; known are scheduleTimeZone, scheduleMissed, scheduleSkipUnchanged, scheduleInput.NAME.")]
    [InlineData("scheduleInput.prompt", "x", "some.json: the custom property 'scheduleInput.prompt' names no input of this workflow; known are prompts.")]
    public void What_is_no_setting_is_refused_with_what_was_expected(string name, string value, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => Read(new() { [name] = value }));

        Assert.Equal(expected, error.Message);
    }

    static ScheduleSettings Read(JsonObject properties)
    {
        var json = new FlowBuilder().Input("prompts").Line("a").Build();
        json["customProperties"] = properties;
        return ScheduleSettings.Of(Some.Read(json));
    }
}
