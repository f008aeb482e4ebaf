using System.Text;

namespace Rlhf.Learning.Chat;

/// <summary>Turns rendered dialogues into token ids, in which a control token is always one that the template wrote.</summary>
/// <remarks>
/// Only control tokens split a dialogue: what stands between two of them is encoded as one string, whoever wrote it, as the
/// reference implementation does. One that a turn spells out, wholly or in part, is ordinary text, unlike in that implementation.
/// White space beside a control token stays text, also where a tokenizer's file makes it part of the token (lstrip, rstrip).
/// </remarks>
public sealed class ChatEncoder
{
    readonly Func<string, int[]> _encodePlain;
    readonly ILookup<char, KeyValuePair<string, int>> _specialTokens;

    /// <param name="encodePlain">Ids of ordinary text, which recognizes no control tokens and adds none; it never gets an empty string.</param>
    /// <param name="specialTokens">The control tokens' texts, none of them empty, and their ids.</param>
    public ChatEncoder(Func<string, int[]> encodePlain, IReadOnlyDictionary<string, int> specialTokens)
    {
        if (specialTokens.ContainsKey(""))
            throw new ArgumentException("A control token has no text, but at least one character was expected.");
        _encodePlain = encodePlain;
        _specialTokens = specialTokens.OrderByDescending(token => token.Key.Length).ToLookup(token => token.Key[0]);
    }

    /// <summary>Ids of a rendered dialogue, which begins with a begin-of-text token only where the template writes one.</summary>
    public int[] Encode(RenderedChat chat)
    {
        var ids = new List<int>();
        var plain = new StringBuilder();
        foreach (var (text, trusted) in chat.Segments)
        {
            if (!trusted)
            {
                plain.Append(text);
                continue;
            }
            for (var i = 0; i < text.Length;)
                if (SpecialTokenAt(text, i) is (var token, var id))
                {
                    EncodePlain(plain, ids);
                    ids.Add(id);
                    i += token.Length;
                }
                else
                    plain.Append(text[i++]);
        }
        EncodePlain(plain, ids);
        return [.. ids];
    }

    /// <summary>Ids of a dialogue and of the prompt that it begins with, which are those of the prompt by itself.</summary>
    /// <remarks>
    /// Some templates write a prompt otherwise once it is answered, such as those that take thoughts out of an answer but
    /// begin one in the prompt; and a completion's first characters may merge into a token with the prompt's last ones. Then
    /// there is no length to tell, and the dialogue is refused.
    /// </remarks>
    /// <exception cref="InvalidDataException">The template refuses the dialogue, or the prompt's ids do not begin the dialogue's.</exception>
    public EncodedDialogue EncodeDialogue(
        ChatTemplate template, IReadOnlyList<ChatTurn> turns, string completion, IReadOnlyDictionary<string, string> special, DateOnly? today = null)
    {
        var prompt = template.Render(turns, addGenerationPrompt: true, special, today);
        var dialogue = template.Render([.. turns, new("assistant", completion)], addGenerationPrompt: false, special, today);
        var (promptIds, ids) = (Encode(prompt), Encode(dialogue));
        var common = promptIds.AsSpan().CommonPrefixLength(ids);
        if (common < promptIds.Length)
            throw new InvalidDataException(dialogue.Text.StartsWith(prompt.Text, StringComparison.Ordinal)
                ? $"The completion's beginning merges with the prompt's end: id {common} of the prompt's {promptIds.Length} "
                    + $"is another one in the dialogue under chat template '{template.Name}'."
                : $"Chat template '{template.Name}' writes the prompt otherwise once it is answered: "
                    + $"only {common} of its {promptIds.Length} ids begin the dialogue.");
        return new(ids, promptIds.Length);
    }

    (string Token, int Id)? SpecialTokenAt(string text, int place)
    {
        foreach (var (token, id) in _specialTokens[text[place]]) // the longest first
            if (text.AsSpan(place).StartsWith(token, StringComparison.Ordinal))
                return (token, id);
        return null;
    }

    void EncodePlain(StringBuilder plain, List<int> ids)
    {
        if (plain.Length == 0)
            return;
        ids.AddRange(_encodePlain(plain.ToString()));
        plain.Clear();
    }
}
