using Rlhf.Learning.Tokenizers;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Ppo;

/// <summary>The texts of the language-modeling term, as tokens.</summary>
static class PretrainingTexts
{
    /// <summary>
    /// Beginning of sequence, a text's tokens, end of sequence; a text longer than the context becomes several sequences. None where the term is off.
    /// </summary>
    /// <exception cref="ArgumentException">The term is on without texts, or texts are given and it is off.</exception>
    /// <exception cref="InvalidDataException">The file can't be read as texts.</exception>
    public static async Task<List<int[]>> ReadAsync(
        ArtifactRef? texts, double coefficient, ITokenizer tokenizer, int context, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        if (coefficient > 0 && texts is null)
            throw new ArgumentException($"'ptxCoefficient' is {coefficient}, but no 'texts' are given; expected an artifact with a .txt, .jsonl or .json file of texts (a policy that was trained on generated stories keeps none).");
        if (coefficient == 0 && texts is not null)
            throw new ArgumentException($"'texts' is {texts}, but 'ptxCoefficient' is 0; expected above 0, or no texts.");
        return texts is null ? [] : [.. await TokensAsync(texts, tokenizer, context, artifacts, cancellationToken)];
    }

    /// <summary>The artifact's texts, in their order.</summary>
    /// <exception cref="InvalidDataException">The file can't be read as texts.</exception>
    public static async Task<IEnumerable<int[]>> TokensAsync(
        ArtifactRef texts, ITokenizer tokenizer, int context, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var file = (await artifacts.ManifestAsync(texts, cancellationToken)).Files[0].Path;
        var turns = PromptFile.Read(file, await artifacts.ReadFileAsync(texts, file, cancellationToken), PromptTake.All);
        return turns.Until(cancellationToken)
            .Select(t => (int[])[.. tokenizer.Begin, .. tokenizer.Encode(string.Concat(t.Select(turn => turn.Text))), tokenizer.EosId])
            // One token alone predicts nothing.
            .SelectMany(tokens => tokens.Chunk(context)).Where(tokens => tokens.Length > 1);
    }
}
