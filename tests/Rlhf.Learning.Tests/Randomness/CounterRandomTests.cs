using Rlhf.Learning.Randomness;

namespace Rlhf.Learning.Tests.Randomness;

public class CounterRandomTests
{
    // Known answers of the Random123 library (kat_vectors, philox4x32 with 10 rounds).
    [Theory]
    [InlineData(new uint[] { 0, 0, 0, 0 }, new uint[] { 0, 0 }, new uint[] { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 })]
    [InlineData(
        new uint[] { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, new uint[] { 0xffffffff, 0xffffffff },
        new uint[] { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd })]
    [InlineData(
        new uint[] { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, new uint[] { 0xa4093822, 0x299f31d0 },
        new uint[] { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 })]
    public void The_generator_gives_the_published_numbers(uint[] counter, uint[] key, uint[] expected)
    {
        var (a, b, c, d) = CounterRandom.Philox((counter[0], counter[1], counter[2], counter[3]), (key[0], key[1]));

        Assert.Equal((expected[0], expected[1], expected[2], expected[3]), (a, b, c, d));
    }

    [Fact]
    public void Every_part_of_the_position_and_the_seed_matter()
    {
        double[] numbers =
        [
            CounterRandom.Uniform(1, 2, 3, 4), CounterRandom.Uniform(9, 2, 3, 4), CounterRandom.Uniform(1, 9, 3, 4), CounterRandom.Uniform(1, 2, 9, 4),
            CounterRandom.Uniform(1, 2, 3, 9), CounterRandom.Uniform(1UL << 40, 2, 3, 4), CounterRandom.Uniform(1, 1UL << 40, 3, 4),
        ];

        Assert.Equal(numbers.Length, numbers.Distinct().Count());
        Assert.Equal(numbers[0], CounterRandom.Uniform(1, 2, 3, 4));
    }

    [Fact]
    public void Uniform_numbers_are_spread_over_zero_to_one()
    {
        double[] numbers = [.. Enumerable.Range(0, 20000).Select(i => CounterRandom.Uniform(5, 6, 7, (uint)i))];

        Assert.All(numbers, u => Assert.InRange(u, 0, Math.BitDecrement(1.0)));
        Assert.Equal(0.5, numbers.Average(), 0.01);
        Assert.Equal(1 / 12.0, numbers.Average(u => (u - 0.5) * (u - 0.5)), 0.002);
    }

    [Fact]
    public void Normal_numbers_have_mean_zero_and_deviation_one()
    {
        double[] numbers = [.. Enumerable.Range(0, 20000).Select(i => CounterRandom.Normal(5, 6, 7, (uint)i))];

        Assert.Equal(0, numbers.Average(), 0.03);
        Assert.Equal(1, numbers.Average(x => x * x), 0.03);
        Assert.Equal(3, numbers.Average(x => x * x * x * x), 0.2);
    }
}
