using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Rlhf.Learning.Tokenizers;
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

    /// <summary>The text a plain language model goes on from.</summary>
    /// <exception cref="InvalidDataException">The prompt is a chat; a plain model has no template for it.</exception>
    public static string Render(Prompt prompt) => Render(prompt.Turns, prompt.Id);

    public static string Render(IReadOnlyList<Turn> turns, string id) =>
        turns is [{ Role: "user" } only]
            ? only.Text
            : throw new InvalidDataException($"Prompt {id} has the turns {string.Join(", ", turns.Select(t => t.Role))}; a model without chat template takes one user turn.");

    /// <summary>Beginning of sequence and the prompt's tokens.</summary>
    /// <exception cref="InvalidDataException">The prompt leaves no room in the context.</exception>
    public static int[] Encode(Prompt prompt, ITokenizer tokenizer, int context)
    {
        int[] tokens = [.. tokenizer.Begin, .. tokenizer.Encode(Render(prompt))];
        return tokens.Length < context
            ? tokens
            : throw new InvalidDataException($"Prompt {prompt.Id} ('{Start(prompt)}…') has {tokens.Length} tokens; expected fewer than the model's context of {context}.");
    }

    static string Start(Prompt prompt) => prompt.Turns[0].Text is var text && text.Length > 40 ? text[..40] : text;

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"[^\p{L}\p{N}]+")]
    private static partial Regex NotLetter();

    [GeneratedRegex(@"^.+?[.!?][""'”’]?(?=\s|$)", RegexOptions.Singleline)]
    private static partial Regex Sentence();
}
