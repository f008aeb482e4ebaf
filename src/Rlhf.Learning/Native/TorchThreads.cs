using TorchSharp;

namespace Rlhf.Learning.Native;

/// <summary>How many threads share an operation of libtorch on the CPU. Each thread that asks for operations has a number of its own.</summary>
public static class TorchThreads
{
    /// <summary>What libtorch takes by itself: one for each core, or what <c>OMP_NUM_THREADS</c> says.</summary>
    public static int All { get; } = torch.get_num_threads();

    /// <summary>Sets the number for what the calling thread asks for.</summary>
    /// <remarks>A thread that computes for the first time after it takes the same number: sums over many numbers may then round otherwise there. For programs that do nothing else.</remarks>
    /// <param name="count">1 to <see cref="All"/>.</param>
    public static void Use(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, All);
        if (torch.get_num_threads() != count) torch.set_num_threads(count);
    }
}
