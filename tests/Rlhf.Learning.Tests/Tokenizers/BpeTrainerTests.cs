using Rlhf.Learning.Tests.Support;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Tokenizers;

public class BpeTrainerTests
{
    [Fact]
    public void The_most_frequent_pair_is_merged_first()
    {
        using var folder = new TemporaryFolder();

        BpeTrainer.Train(["abab abab cab"], 262).Save(folder.Path);

        // "ab" stands five times, then "ab ab" twice, then "c ab", "Ġ abab" and "Ġ c" once each.
        Assert.Equal(["#version: 0.2", "a b", "ab ab", "c ab"], File.ReadAllLines(folder.File("merges.txt")));
    }

    [Fact]
    public void The_vocabulary_has_exactly_the_size_that_was_asked_for()
    {
        Assert.Equal(270, BpeTrainer.Train([Some.Text], 270).VocabularySize);
        Assert.Equal(259, BpeTrainer.Train([Some.Text], 259).VocabularySize);
    }

    [Fact]
    public void A_trained_tokenizer_uses_its_merges()
    {
        var tokenizer = BpeTrainer.Train([Some.Text], 275);

        Assert.True(tokenizer.Encode(" the cat").Length <= 3);
        Assert.All(tokenizer.Encode(" the cat"), id => Assert.True(id >= BpeTrainer.SmallestVocabulary));
    }

    [Fact]
    public void The_same_texts_give_the_same_tokenizer()
    {
        using var first = new TemporaryFolder();
        using var second = new TemporaryFolder();

        BpeTrainer.Train([Some.Text, "And more."], 290).Save(first.Path);
        BpeTrainer.Train([Some.Text, "And more."], 290).Save(second.Path);

        Assert.All(Directory.GetFiles(first.Path), file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(second.File(Path.GetFileName(file)))));
    }

    [Fact]
    public void Texts_that_are_too_short_for_the_vocabulary_are_refused()
    {
        var error = Assert.Throws<InvalidDataException>(() => BpeTrainer.Train(["ab"], 300));

        Assert.Equal("The texts give a vocabulary of only 260 tokens, but 300 were asked for: give more text or ask for fewer.", error.Message);
    }

    [Fact]
    public void A_vocabulary_without_room_for_the_bytes_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => BpeTrainer.Train([Some.Text], 258));

        Assert.Equal("A vocabulary of 258 tokens was asked for, but at least 259 were expected.", error.Message);
    }
}
