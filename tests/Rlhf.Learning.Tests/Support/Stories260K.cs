using System.Text.Json;
using Rlhf.Learning.Models;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Support;

/// <summary>The real small model of ../shared/data; each use skips the test visibly where it is absent.</summary>
static class Stories260K
{
    internal sealed record Case(string Text, int[] Ids, double[] Logprobs, double[] LastLogits);

    internal static string Folder => SharedData.Path("stories260K");

    internal static (DecoderModel Model, ITokenizer Tokenizer) Load() => PolicyFolder.Load(Folder, Some.Device, trainable: false);

    internal static JsonElement Golden() => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "golden.json"))).RootElement;

    internal static List<Case> Cases() => [.. Golden().GetProperty("cases").EnumerateArray().Select(c => new Case(
        c.GetProperty("text").GetString()!,
        [.. c.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())],
        [.. c.GetProperty("logprobs").EnumerateArray().Select(i => i.GetDouble())],
        [.. c.GetProperty("last_logits").EnumerateArray().Select(i => i.GetDouble())]))];
}
