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
    [InlineData(0, 2)] // one of another instance, dispatched at a lower epoch than that of the checkpoint it resumed
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

    [Fact]
    public void However_workers_of_lower_epochs_are_killed_and_resume_nothing_that_was_saved_after_the_highest_epoch_is_lost()
    {
        int[] epochs = [12000, 9000, 0]; // cancelled but still computing, another instance, a step run by itself
        var resumed = 0;
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 24]).Array[20, 150].Sample(turns =>
        {
            var (objects, attempt) = (new MemoryObjectStore(), 0UL);
            RunAlone(objects, epochs[0], saves: 1);
            var writers = epochs.Select(Dispatch).ToArray();

            foreach (var (instance, chance) in turns)
            {
                if (chance == 0 || writers[instance].Done) writers[instance] = Dispatch(epochs[instance]);
                writers[instance].Advance();
                Assert.Equal(CheckpointWriter.Whole(objects).Max(p => p.Number), CheckpointWriter.AssertResumes(objects));
            }
            if (CheckpointWriter.AssertResumes(objects) > 1) resumed++;

            CheckpointWriter Dispatch(int epoch) => new(objects, epoch, saves: 3, ++attempt);
        }, iter: 250, threads: 1);

        Assert.True(resumed > 100, $"only {resumed} samples saved anything after the first checkpoint");
    }

    [Fact]
    public void Whatever_instances_that_compute_the_same_step_left_behind_one_that_goes_on_alone_keeps_all_it_saves_through_every_kill()
    {
        Gen.Select(Gen.Int[0, 3].Array[3], Gen.Int[0, 2].Array[0, 60], Gen.Int[0, 3]).Sample((epochs, turns, last) =>
        {
            var objects = new MemoryObjectStore();
            var writers = epochs.Select((epoch, attempt) => new CheckpointWriter(objects, epoch, saves: 3, (ulong)attempt)).ToArray();
            foreach (var writer in turns.Select(t => writers[t]).Where(w => !w.Done)) writer.Advance();
            var before = CheckpointWriter.AssertResumes(objects);

            for (var life = 1; life <= 3; life++)
            {
                RunAlone(objects, last, saves: 2, (ulong)(2 + life));

                Assert.Equal(before + 2 * life, CheckpointWriter.AssertResumes(objects));
            }
        }, iter: 250, threads: 1);
    }

    static void RunAlone(MemoryObjectStore objects, int epoch, int saves, ulong attempt = 0)
    {
        var writer = new CheckpointWriter(objects, epoch, saves, attempt);
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
