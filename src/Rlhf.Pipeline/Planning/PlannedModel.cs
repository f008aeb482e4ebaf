using Rlhf.Learning.Chat;
using Rlhf.Learning.Models;
using Rlhf.Learning.Planning;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Contracts;

namespace Rlhf.Pipeline.Planning;

/// <summary>A policy whose round is planned: its shape, and how long its texts are.</summary>
public sealed record PlannedModel(DecoderConfig Config, PlanTexts Texts)
{
    /// <summary>Numbers in the model.</summary>
    public long Parameters => new DecoderMemory(Config).Parameters;

    /// <summary>Reads a model folder without its weights, and the prompts, whose tokens are counted.</summary>
    /// <param name="folder">A Hugging Face folder, or llama2.c's.</param>
    /// <param name="promptFile">A prompt file, or null.</param>
    /// <param name="promptTokens">Tokens of the longest prompt where there is no file.</param>
    /// <exception cref="InvalidDataException">A file is not usable, or the prompts leave no room in the model's context.</exception>
    public static PlannedModel Read(string folder, string? promptFile, int promptTokens)
    {
        var (config, tokenizer) = PolicyFolder.Shape(folder);
        if (promptFile is null) return new(config, new(Fitting(promptTokens, config), null));
        var format = new ChatFormat(tokenizer);
        var prompts = PromptFile.Read(Path.GetFileName(promptFile), File.ReadAllBytes(promptFile), PromptTake.Auto);
        return new(config, new(Fitting(prompts.Max(turns => format.Prompt(turns.Chat()).Length), config), prompts.DistinctBy(PromptText.Id).Count()));
    }

    static int Fitting(int promptTokens, DecoderConfig config) => promptTokens < config.ContextLength
        ? promptTokens
        : throw new InvalidDataException($"The longest prompt has {promptTokens} tokens; expected fewer than the model's context of {config.ContextLength}.");
}
