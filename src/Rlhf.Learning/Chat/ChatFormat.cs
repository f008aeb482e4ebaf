using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Chat;

/// <summary>
/// How one model reads dialogues: as its tokenizer's chat template writes them, or, where it has none, one user turn as plain text that is gone on
/// from. A control token is always one that the template wrote: one that a turn spells out is ordinary text.
/// </summary>
public sealed class ChatFormat
{
    readonly ITokenizer _tokenizer;
    readonly ChatTemplate? _template;

    /// <exception cref="InvalidDataException">The template is malformed or uses what is not supported.</exception>
    public ChatFormat(ITokenizer tokenizer) =>
        (_tokenizer, _template) = (tokenizer, tokenizer.ChatTemplate is { } source ? ChatTemplate.Parse(source, "chat_template") : null);

    /// <summary>False for a plain language model.</summary>
    public bool HasTemplate => _template is not null;

    /// <summary>Ids of the turns and of what stands before an answer.</summary>
    /// <exception cref="InvalidDataException">The template refuses the turns, or there is none and they are not one user turn.</exception>
    public int[] Prompt(IReadOnlyList<ChatTurn> turns) => _template is { } template
        ? Encode(template.Render(turns, addGenerationPrompt: true, _tokenizer.SpecialTexts))
        : [.. _tokenizer.Begin, .. _tokenizer.Encode(Only(turns))];

    /// <summary>
    /// Ids of the answered turns: with a template what it writes, to its last token; without one beginning, prompt, completion and end of sequence. The
    /// prompt's length counts the ids that are also the prompt's own: fewer where a template writes a prompt otherwise once it is answered, or where
    /// the completion's beginning merges with the prompt's end.
    /// </summary>
    /// <inheritdoc cref="Prompt"/>
    public EncodedDialogue Dialogue(IReadOnlyList<ChatTurn> turns, string completion)
    {
        if (_template is not { } template)
        {
            var text = Only(turns);
            int[] plain = [.. _tokenizer.Begin, .. _tokenizer.Encode(text + completion), _tokenizer.EosId];
            return new(plain, Math.Min(_tokenizer.Begin.Length + _tokenizer.Encode(text).Length, plain.Length - 1));
        }
        var ids = Encode(template.Render([.. turns, new("assistant", completion)], addGenerationPrompt: false, _tokenizer.SpecialTexts));
        return new(ids, Math.Min(Prompt(turns).AsSpan().CommonPrefixLength(ids), ids.Length - 1));
    }

    /// <summary>Text of a sampled completion, decoded with its prompt, since pieces join differently at the start of a text.</summary>
    /// <param name="sequence">Prompt and completion.</param>
    /// <param name="promptLength">Ids of the prompt.</param>
    /// <param name="ended">Whether the last id is one that ends a completion.</param>
    public string Completion(ReadOnlySpan<int> sequence, int promptLength, bool ended) =>
        _tokenizer.Decode(ended ? sequence[..^1] : sequence)[_tokenizer.Decode(sequence[..promptLength]).Length..];

    int[] Encode(RenderedChat chat) => _tokenizer.EncodeWithSpecial([.. chat.Segments.Select(s => new TextPart(s.Text, s.Trusted))]);

    static string Only(IReadOnlyList<ChatTurn> turns) => turns is [{ Role: "user" } only]
        ? only.Text
        : throw new InvalidDataException($"A dialogue has the turns {string.Join(", ", turns.Select(t => t.Role))}; a model without chat template takes one user turn.");
}
