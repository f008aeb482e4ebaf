using CsCheck;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Running;

/// <summary>
/// A step may be taken over while its first worker, cut off, still computes and saves. Whatever the order of their operations, and wherever
/// everything ends, the next worker finds the newest owner's last checkpoint whole.
/// </summary>
public sealed class CheckpointInterleavingTests
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 1)] // two instances that compute the same pure step
    public void In_every_order_of_two_savers_operations_the_newest_checkpoint_can_be_resumed(int staleEpoch, int epoch)
    {
        var order = new List<int>(); // whose turn it is; at its end writer 0's as long as it has one
        var (orders, branch) = (0, 0);
        while (branch >= 0)
        {
            var objects = new MemoryObjectStore();
            RunAlone(objects, epoch: 1, saves: 1);
            CheckpointWriter[] writers = [Resumed(objects, staleEpoch, 1), Resumed(objects, epoch, 2)];

            var open = new List<bool>(); // where it could have been writer 1's turn instead
            for (var turn = 0; writers.Any(w => !w.Done); turn++)
            {
                if (turn == order.Count) order.Add(writers[0].Done ? 1 : 0);
                open.Add(order[turn] == 0 && !writers[1].Done);
                writers[order[turn]].Advance();
                if (turn >= branch) CheckpointWriter.AssertResumes(objects); // before it this order is like an earlier one
            }

            orders++;
            branch = open.FindLastIndex(o => o);
            if (branch >= 0) order = [.. order[..branch], 1];
        }

        Assert.True(orders > 1000, $"only {orders} orders were tried");
    }

    [Fact]
    public void In_any_order_of_three_workers_who_take_over_from_each_other_the_newest_checkpoint_can_be_resumed()
    {
        var epochs = Gen.OneOf(Gen.Const<int[]>([1, 2, 3]), Gen.Const<int[]>([2, 2, 3]), Gen.Const<int[]>([3, 1, 2]), Gen.Const<int[]>([0, 0, 0]));
        Gen.Select(epochs, Gen.Int[0, 2].Array[10, 100]).Sample((owners, turns) =>
        {
            var objects = new MemoryObjectStore();
            CheckpointWriter[] writers = [.. owners.Select((epoch, attempt) => new CheckpointWriter(objects, epoch, saves: 3, (ulong)attempt))];

            foreach (var turn in turns)
            {
                if (writers[turn].Done) continue;
                writers[turn].Advance();
                CheckpointWriter.AssertResumes(objects);
            }
        }, iter: 250, threads: 1);
    }

    static void RunAlone(MemoryObjectStore objects, int epoch, int saves)
    {
        var writer = new CheckpointWriter(objects, epoch, saves);
        while (!writer.Done) writer.Advance();
    }

    /// <summary>A writer that has loaded (list, pointer, two files) and is about to save.</summary>
    static CheckpointWriter Resumed(MemoryObjectStore objects, int epoch, ulong attempt)
    {
        var writer = new CheckpointWriter(objects, epoch, saves: 1, attempt);
        for (var operation = 0; operation < 4; operation++) writer.Advance();
        return writer;
    }
}
