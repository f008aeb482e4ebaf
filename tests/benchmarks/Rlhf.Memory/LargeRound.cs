using System.Text.Json.Nodes;
using Rlhf.Learning.Models;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Memory;

/// <summary>What a round on a model of GPT-2's size needs besides the program: the model, and somebody who answers.</summary>
static class LargeRound
{
    /// <summary>Writes a folder as the Hub has it: random weights, and GPT-2's own tokenizer from <paramref name="tokenizer"/>.</summary>
    public static int WriteModel(string folder, string tokenizer)
    {
        // Vocabulary and merges alone do not say which token ends a text; the model's configuration does.
        Directory.CreateDirectory(folder);
        foreach (var file in new[] { "vocab.json", "merges.txt" }) File.Copy(Path.Combine(tokenizer, file), Path.Combine(folder, file), overwrite: true);
        File.WriteAllText(Path.Combine(folder, HuggingFaceFolder.ConfigFile), $$"""{ "bos_token_id": {{Models.Config.BosTokenId}}, "eos_token_id": {{Models.Config.EosTokenId}} }""");
        using var model = new DecoderModel(Models.Config, Models.Weights(seed: 1, trainable: false));
        HuggingFaceFolder.Save(folder, model, TokenizerFolder.Load(folder));
        return 0;
    }

    /// <summary>
    /// Answers exported questions in the place of a person, by a rule: the completion with the greater share of letters and spaces is better, the more so the
    /// greater the difference.
    /// </summary>
    public static int Answer(string questions, string answers)
    {
        File.WriteAllLines(answers, File.ReadLines(questions).Select(line =>
        {
            var question = JsonNode.Parse(line)!.AsObject();
            var lead = Letters(question["completion_a"]) - Letters(question["completion_b"]);
            var size = Math.Abs(lead) switch { < 0.01 => "tie", < 0.05 => "_slight", < 0.15 => "", _ => "_much" };
            question["choice"] = size == "tie" ? size : (lead > 0 ? "a" : "b") + size;
            question["labeler"] = "a rule";
            return question.ToJsonString();
        }));
        return 0;
    }

    static double Letters(JsonNode? text)
    {
        var all = text!.GetValue<string>();
        return all.Length == 0 ? 0 : all.Count(c => char.IsAsciiLetter(c) || c == ' ') / (double)all.Length;
    }
}
