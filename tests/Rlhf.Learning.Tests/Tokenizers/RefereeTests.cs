using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Learning.Tests.Support;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Tokenizers;

/// <summary>
/// Ids and texts against those of Hugging Face's own tokenizers library, as <c>tests/Support/huggingface</c> recorded them: 10,000 texts and
/// 1,000 lists of ids for each family of models and each vocabulary.
/// </summary>
public class RefereeTests
{
    const int Block = 200;

    static readonly Lazy<JsonNode> Expected = new(() => RefereeInputs.Json("expected.json"));

    public static TheoryData<string, string> Cases() =>
        [.. Expected.Value["cases"]!.AsObject().Select(c => c.Key.Split('/')).Select(c => (c[0], c[1]))];

    [Fact]
    public void Both_sides_make_the_same_texts() => Same("strings", Expected.Value["strings"]!, RefereeInputs.Texts);

    [Fact]
    public void Every_character_is_composed_as_Unicode_says_alone_with_marks_and_after_a_letter()
    {
        var composed = Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Select(point => new Rune(point).ToString())
            .SelectMany(c => new[] { c, c + "\u0301\u0323", "e" + c }).Select(CanonicalComposition.Compose);

        Assert.Equal(Expected.Value["composed"]!.GetValue<string>(), Hash(composed));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Ids_and_texts_are_those_of_the_Hubs_own_library(string family, string vocabulary)
    {
        var expected = Expected.Value["cases"]![$"{family}/{vocabulary}"]!;
        using var folder = new TemporaryFolder();
        RefereeInputs.Write(folder.Path, family, vocabulary);

        var tokenizer = TokenizerFolder.Load(folder.Path);

        Assert.Equal(expected["size"]!.GetValue<int>(), tokenizer.VocabularySize);
        Assert.Equal(expected["begin"]!.AsArray().Select(id => id!.GetValue<int>()), tokenizer.Begin);
        var ids = RefereeInputs.Texts.Select(tokenizer.Encode).ToList();
        var withSpecial = RefereeInputs.Texts.Select(t => Row(tokenizer.EncodeWithSpecial(t))).ToList();
        Assert.Equal(expected["first"]!.AsArray().Select(row => row!.GetValue<string>()), withSpecial[1..6]);
        Same("encode", expected["encode"]!, ids.Select(Row));
        Same("encodeWithSpecial", expected["encodeWithSpecial"]!, withSpecial);
        Same("decode", expected["decode"]!, ids.Select(i => tokenizer.Decode([.. tokenizer.Begin, .. i])));
        if (vocabulary != "small")
            Same("real", expected["real"]!, RefereeInputs.RealTexts().Select(t => Row(tokenizer.Encode(t))));
        var lists = RefereeInputs.IdLists(tokenizer.VocabularySize, tokenizer.Begin);
        Same("decodeAny", expected["decodeAny"]!, lists.Select(i => tokenizer.Decode([.. tokenizer.Begin, .. i])));
    }

    static string Row(int[] ids) => string.Join(' ', ids);

    static void Same(string what, JsonNode blocks, IEnumerable<string> rows)
    {
        List<string> hashes = [.. rows.Chunk(Block).Select(Hash)];
        var differing = blocks.AsArray().Select(b => b!.GetValue<string>()).Index()
            .Where(b => hashes[b.Index] != b.Item).Select(b => b.Index * Block).ToList();
        Assert.True(differing.Count == 0, $"{what}: the blocks that begin at rows {string.Join(", ", differing)} differ.");
        Assert.Equal(blocks.AsArray().Count, hashes.Count);
    }

    static string Hash(IEnumerable<string> rows) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(rows.Select(row => row + '\0')))))[..12];
}
