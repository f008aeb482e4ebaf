namespace Rlhf.Steps.Data;

/// <summary>A generator of text for a first policy where none was given, and of prompts for it. Everything follows from the seed.</summary>
public interface ISyntheticText
{
    /// <summary>Whole texts, each a prompt and how it goes on.</summary>
    IEnumerable<string> Texts(long seed, int count);

    /// <summary>Distinct prompts.</summary>
    IEnumerable<string> Prompts(long seed, int count);
}
