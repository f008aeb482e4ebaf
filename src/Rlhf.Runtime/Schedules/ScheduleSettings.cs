using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Schedules;

/// <summary>What becomes of times at which nothing could fire: one run makes up for all of them, or they are left out.</summary>
public enum MissedTimes { Once, Skip }

/// <summary>
/// How a workflow's triggers fire, from its own <c>customProperties</c>: <c>scheduleTimeZone</c> (an IANA name; default UTC),
/// <c>scheduleMissed</c> (<c>once</c>, the default, or <c>skip</c>), <c>scheduleSkipUnchanged</c> (default false), and
/// <c>scheduleInput.NAME</c>, an input of the instances that a schedule starts.
/// </summary>
internal sealed record ScheduleSettings(string Zone, MissedTimes Missed, bool SkipUnchanged, JsonObject Inputs)
{
    const string Prefix = "schedule", ZoneKey = "scheduleTimeZone", MissedKey = "scheduleMissed", SkipKey = "scheduleSkipUnchanged",
        InputKey = "scheduleInput.";

    /// <exception cref="InvalidDataException">A property is unknown or has a value that is not one of its own; the message names both.</exception>
    public static ScheduleSettings Of(WorkflowDefinition definition)
    {
        var settings = new ScheduleSettings("UTC", MissedTimes.Once, false, []);
        foreach (var (name, value) in definition.CustomProperties.Where(p => p.Key.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            settings = (name, value.ToString()) switch
            {
                (ZoneKey, var zone) => settings with { Zone = ZoneOf(zone, definition.Source).Id },
                (MissedKey, "once") => settings with { Missed = MissedTimes.Once },
                (MissedKey, "skip") => settings with { Missed = MissedTimes.Skip },
                (SkipKey, var text) when bool.TryParse(text, out var skip) => settings with { SkipUnchanged = skip },
                _ when name.StartsWith(InputKey, StringComparison.Ordinal) => settings.WithInput(definition, name[InputKey.Length..], value),
                (MissedKey, var text) => throw Broken(definition, name, $"is '{text}'; expected once or skip"),
                (SkipKey, var text) => throw Broken(definition, name, $"is '{text}'; expected true or false"),
                _ => throw Broken(definition, name, $"is not known; known are {ZoneKey}, {MissedKey}, {SkipKey}, {InputKey}NAME"),
            };
        }
        return settings;
    }

    /// <exception cref="InvalidDataException">This machine knows no such time zone.</exception>
    public static TimeZoneInfo ZoneOf(string name, string where) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone
        : throw new InvalidDataException($"{where}: '{name}' is no time zone that this machine knows; expected an IANA name such as Europe/Berlin, or UTC.");

    ScheduleSettings WithInput(WorkflowDefinition definition, string input, JsonNode value)
    {
        if (definition.Inputs.All(i => i.Name != input))
            throw Broken(definition, InputKey + input, $"names no input of this workflow; known are {string.Join(", ", definition.Inputs.Select(i => i.Name))}");
        return this with { Inputs = new(Inputs.Append(new(input, value)).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone()))) };
    }

    static InvalidDataException Broken(WorkflowDefinition definition, string name, string reason) =>
        new($"{definition.Source}: the custom property '{name}' {reason}.");
}
