using System.Reflection;
using System.Text.Json;
using Rlhf.Learning.Chat;

namespace Rlhf.Learning.Tests.Chat;

/// <summary>The templates, dialogues and renderings that lie beside these tests.</summary>
static class ChatData
{
    static readonly string Folder = Path.Combine(
        typeof(ChatData).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "RepositoryRoot").Value!,
        "tests", "Rlhf.Learning.Tests", "Chat");

    internal static readonly Dictionary<string, string> Special = new() { ["bos_token"] = "<s>", ["eos_token"] = "</s>" };

    internal static readonly IReadOnlyList<IReadOnlyList<ChatTurn>> Dialogues =
        [.. Read<string[][][]>("conversations.json").Select(turns => turns.Select(turn => new ChatTurn(turn[0], turn[1])).ToList())];

    internal static IEnumerable<string> TemplateNames =>
        Directory.GetFiles(Path.Combine(Folder, "Templates")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal);

    internal static T Read<T>(string file) => JsonSerializer.Deserialize<T>(File.ReadAllText(Path.Combine(Folder, file)))!;

    internal static ChatTemplate Template(string file) => ChatTemplate.Parse(File.ReadAllText(Path.Combine(Folder, "Templates", file)), file);

    internal static RenderedChat Render(string source, params IReadOnlyList<ChatTurn> turns) =>
        ChatTemplate.Parse(source, "t").Render(turns, addGenerationPrompt: true, Special);

    internal static string ParseError(string source) => Assert.Throws<InvalidDataException>(() => ChatTemplate.Parse(source, "t")).Message;

    internal static string RenderError(string source, params IReadOnlyList<ChatTurn> turns)
    {
        var template = ChatTemplate.Parse(source, "t");
        return Assert.Throws<InvalidDataException>(() => template.Render(turns, addGenerationPrompt: true, Special)).Message;
    }
}
