namespace Rlhf.Learning.Tokenizers;

/// <summary>Loads the tokenizer that a model folder holds.</summary>
public static class TokenizerFolder
{
    /// <summary>
    /// A byte-level BPE (<c>vocab.json</c>, <c>merges.txt</c>, <c>tokenizer_config.json</c>) or llama2.c's (<c>tokenizer.bin</c>).
    /// </summary>
    /// <exception cref="InvalidDataException">The folder has neither, or a file is damaged.</exception>
    public static ITokenizer Load(string folder)
    {
        if (File.Exists(Path.Combine(folder, ByteLevelBpeTokenizer.VocabularyFile)))
            return ByteLevelBpeTokenizer.Load(folder);
        var llama2c = Path.Combine(folder, Llama2cTokenizer.FileName);
        return File.Exists(llama2c)
            ? Llama2cTokenizer.Load(llama2c)
            : throw new InvalidDataException(
                $"'{folder}' has no tokenizer: vocab.json with merges.txt and tokenizer_config.json, or tokenizer.bin, were expected.");
    }
}
