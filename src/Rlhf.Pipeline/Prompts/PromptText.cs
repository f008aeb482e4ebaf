using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Rlhf.Learning.Chat;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Prompts;

/// <summary>How a prompt's turns become text, an identity, and tokens.</summary>
static partial class PromptText
{
    /// <summary>Unicode composed, white space collapsed, ends trimmed.</summary>
    public static string Normalize(string text) => Space().Replace(text.Normalize(NormalizationForm.FormC), " ").Trim();

    /// <summary>The first 16 hexadecimal digits of the hash of the normalized turns.</summary>
    public static string Id(IReadOnlyList<Turn> turns) => Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Serialize(turns)))[..16];

    /// <summary>
    /// In [0, 1), from the letters and digits alone, so that a prompt and one that differs in case, spaces or punctuation fall on one side.
    /// </summary>
    public static double HoldOutPosition(IReadOnlyList<Turn> turns)
    {
        var letters = NotLetter().Replace(string.Concat(turns.Select(t => t.Text)).ToLowerInvariant(), "");
        return Seeds.Uniform(0, "hold-out", letters);
    }

    public static string FirstSentence(string text) => Sentence().Match(text) is { Success: true } match ? match.Value : text;

    /// <summary>Turns as models read them.</summary>
    public static IReadOnlyList<ChatTurn> Chat(this IReadOnlyList<Turn> turns) => [.. turns.Select(t => new ChatTurn(t.Role, t.Text))];

    /// <summary>The prompt's tokens, up to where the answer begins.</summary>
    /// <exception cref="InvalidDataException">The model does not take such turns, or the prompt leaves no room in the context.</exception>
    public static int[] Encode(Prompt prompt, ChatFormat format, int context)
    {
        var tokens = OfPrompt(prompt, () => format.Prompt(prompt.Turns.Chat()));
        return tokens.Length < context
            ? tokens
            : throw new InvalidDataException($"Prompt {prompt.Id} ('{Start(prompt)}…') has {tokens.Length} tokens; expected fewer than the model's context of {context}.");
    }

    /// <summary>Errors of a prompt name it.</summary>
    static T OfPrompt<T>(Prompt prompt, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"Prompt {prompt.Id} ('{Start(prompt)}…'): {e.Message}", e);
        }
    }

    static string Start(Prompt prompt) => prompt.Turns[0].Text is var text && text.Length > 40 ? text[..40] : text;

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"[^\p{L}\p{N}]+")]
    private static partial Regex NotLetter();

    [GeneratedRegex(@"^.+?[.!?][""'”’]?(?=\s|$)", RegexOptions.Singleline)]
    private static partial Regex Sentence();
}
