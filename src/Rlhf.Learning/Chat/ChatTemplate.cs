using Rlhf.Learning.Chat.Jinja;

namespace Rlhf.Learning.Chat;

/// <summary>A model's chat template: the program in Jinja that writes a dialogue as the one text the model was trained on.</summary>
/// <remarks>
/// Reads the part of Jinja that chat templates use, as transformers configures it. Python's Jinja decides what is right;
/// what lies outside of the part is refused by name, when the template is read wherever that can be known then.
/// </remarks>
public sealed class ChatTemplate
{
    const int MaxSourceLength = 1 << 20;

    /// <summary>Roles that are words of the format: a template may write one into the middle of a control token.</summary>
    static readonly string[] KnownRoles = ["system", "user", "assistant", "tool"];

    readonly IReadOnlyList<Statement> _statements;

    ChatTemplate(string name, IReadOnlyList<Statement> statements) => (Name, _statements) = (name, statements);

    /// <summary>What messages call the template, such as its model's name.</summary>
    public string Name { get; }

    /// <summary>Reads a template of up to 2^20 characters.</summary>
    /// <exception cref="InvalidDataException">The template is malformed or uses what is not supported; the message names it, its line and what is supported.</exception>
    public static ChatTemplate Parse(string source, string name) => source.Length <= MaxSourceLength
        ? new(name, StatementParser.Parse(Lexer.Read(source, name)))
        : throw new InvalidDataException($"Chat template '{name}' has {source.Length} characters; supported are up to {MaxSourceLength}.");

    /// <summary>Renders a dialogue.</summary>
    /// <param name="turns">The dialogue. Its text is untrusted in what is rendered, and so is a role other than system, user, assistant and tool.</param>
    /// <param name="addGenerationPrompt">Whether to end with what stands before an assistant's answer.</param>
    /// <param name="special">Further names that the template sees, such as bos_token and eos_token.</param>
    /// <param name="today">The date for templates that write one; null refuses them.</param>
    /// <exception cref="InvalidDataException">The template refuses the dialogue, does what Python would refuse, or takes
    /// more than 16,000,000 steps and characters, of which a dialogue of a million characters takes fewer.</exception>
    public RenderedChat Render(
        IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, IReadOnlyDictionary<string, string> special, DateOnly? today = null)
    {
        var rendering = new Rendering(Name, today);
        var context = special.Select(pair => (pair.Key, (object?)MarkedText.OfTemplate(pair.Value))).Concat(
        [
            ("messages", new Sequence([.. turns.Select(turn => Message(rendering, turn))])),
            ("add_generation_prompt", addGenerationPrompt),
            ("tools", null),
            ("documents", null),
        ]);
        return new(Interpreter.Run(_statements, rendering, context).Segments());
    }

    static Mapping Message(Rendering rendering, ChatTurn turn)
    {
        var message = new Mapping();
        message.Set(rendering, MarkedText.OfTemplate("role"), KnownRoles.Contains(turn.Role) ? MarkedText.OfTemplate(turn.Role) : MarkedText.OfTurn(turn.Role));
        message.Set(rendering, MarkedText.OfTemplate("content"), MarkedText.OfTurn(turn.Text));
        return message;
    }
}
