using System.Xml.Linq;
using Rlhf.Steps.Data;

namespace Rlhf.Adapters.Labeling.LabelStudio;

/// <summary>How a project looks: the prompt, two answers beside each other, the options with their keys, a comment.</summary>
static class LabelStudioConfig
{
    public const string Question = "preference";

    public static string Text { get; } = new XElement("View",
        new XElement("Text", new XAttribute("name", "prompt"), new XAttribute("value", "$prompt")),
        new XElement("View", new XAttribute("style", "display: flex; gap: 1em"), Side("A", "answer_a"), Side("B", "answer_b")),
        new XElement("Header", new XAttribute("value", ShownChoices.Question)),
        new XElement("Choices",
            new XAttribute("name", Question), new XAttribute("toName", "prompt"), new XAttribute("choice", "single-radio"), new XAttribute("required", "true"),
            Choices.All.Select((c, i) => new XElement("Choice",
                new XAttribute("value", ShownChoices.Text(Choices.Parse(c)!.Value)), new XAttribute("alias", c), new XAttribute("hotkey", i + 1)))),
        new XElement("TextArea", new XAttribute("name", "comment"), new XAttribute("toName", "prompt"), new XAttribute("placeholder", "Comment"), new XAttribute("rows", 2)))
        .ToString(SaveOptions.DisableFormatting);

    static XElement Side(string header, string field) => new("View", new XAttribute("style", "flex: 1"),
        new XElement("Header", new XAttribute("value", header)),
        new XElement("Text", new XAttribute("name", field), new XAttribute("value", $"${field}")));
}
