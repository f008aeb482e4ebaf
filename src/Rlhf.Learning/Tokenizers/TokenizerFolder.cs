namespace Rlhf.Learning.Tokenizers;

/// <summary>Loads the tokenizer that a model folder holds.</summary>
public static class TokenizerFolder
{
    /// <summary>
    /// The Hub's <c>tokenizer.json</c>, or else a byte-level BPE (<c>vocab.json</c>, <c>merges.txt</c>), or else llama2.c's
    /// (<c>tokenizer.bin</c>); the first two with <c>tokenizer_config.json</c> and what else names their tokens.
    /// </summary>
    /// <exception cref="InvalidDataException">The folder has none, a file is damaged, or it asks for what is not supported.</exception>
    public static ITokenizer Load(string folder)
    {
        if (Has(TokenizerFiles.Tokenizer))
            return TokenizerJson.Load(folder);
        if (Has(TokenizerFiles.Vocabulary))
            return ByteLevelBpeTokenizer.Load(folder);
        return Has(Llama2cTokenizer.FileName)
            ? Llama2cTokenizer.Load(Path.Combine(folder, Llama2cTokenizer.FileName))
            : throw new InvalidDataException(
                $"'{folder}' has no tokenizer: tokenizer.json, or vocab.json with merges.txt, or tokenizer.bin were expected.");

        bool Has(string file) => File.Exists(Path.Combine(folder, file));
    }
}
