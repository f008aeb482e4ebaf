using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Tests.Support;

namespace Rlhf.Runtime.Tests.Schedules;

/// <summary>
/// Proof 3 of the runtime: 1,000 days of a daily trigger over two nodes that start, stop and die at random. Never is every node down from
/// one due time to the next, so no day may be missing; what a whole day without any node does is told by the policy's own tests.
/// </summary>
public sealed class ThousandDaysTests
{
    const int Days = 1000, Seed = 20261123;

    sealed class Death() : EngineStopException("died");

    /// <summary>Kills its node at the n-th boundary from now; and, where it is told so, lets the other node act just before a transition is stored.</summary>
    sealed class Fate : IDriverObserver
    {
        public int? DiesAt { get; set; }

        public Func<Task>? Meanwhile { get; set; }

        public void Dispatching(string instance, string execution) => Pass();

        public void Answering(string instance, string execution) => Pass();

        public void Saving(string instance, Transition transition)
        {
            var act = Meanwhile;
            Meanwhile = null;
            act?.Invoke().GetAwaiter().GetResult();
            Pass();
        }

        public void Saved(string instance, Transition transition) => Pass();

        void Pass()
        {
            if (DiesAt-- == 0) throw new Death();
            if (DiesAt < 0) throw new Death(); // The dead do nothing more.
        }
    }

    [Fact]
    public async Task Two_nodes_that_die_at_random_start_one_instance_a_day_on_SQLite()
    {
        using var folder = new TemporaryFolder();

        await Days_of_two_nodes(new(folder.Path), Seed);
    }

    [Fact]
    public async Task Two_nodes_that_die_at_random_start_one_instance_a_day_on_PostgreSQL()
    {
        using var folder = new TemporaryFolder();

        await Days_of_two_nodes(new(folder.Path, PostgresServer.NewDatabase()), Seed);
    }

    static async Task Days_of_two_nodes(Place place, int seed)
    {
        var run = new Run(place, new Random(seed));
        try
        {
            await run.LiveAsync();

            using var witness = run.Open(new Fate());
            var firings = await witness.FiringsAsync();
            var instances = await witness.InstancesAsync();
            Assert.Equal(Enumerable.Range(1, Days).Select(Run.DueOn), firings.Select(f => f.Due));
            Assert.All(firings, f => Assert.Null(f.Skipped));
            Assert.Equal(firings.Select(f => f.InstanceId), instances.Select(i => i.Id));
            Assert.All(instances, i => Assert.Equal(WorkflowStatus.Finished, i.Status));
            Assert.True(run.Deaths > 100 && run.Races > 100, $"{run.Deaths} deaths and {run.Races} races");
        }
        finally
        {
            run.End();
        }
    }

    sealed class Run(Place place, Random chance)
    {
        readonly FakeTimeProvider _time = new(Some.Time); // 12:00 UTC; due at 03:00
        readonly (Node Node, Fate Fate)?[] _nodes = new (Node, Fate)?[2];

        public int Deaths { get; private set; }

        public int Races { get; private set; }

        public static DateTimeOffset DueOn(int day) => Some.Time.AddHours(-9).AddDays(day);

        public Node Open(Fate fate) => new(place, _time, [new FakeStep("Work")], fate) { Instant = true };

        public async Task LiveAsync()
        {
            using (var first = Open(new())) await first.PublishAsync(ScheduledFlow.Cron("0 3 * * *"));
            for (var day = 1; day <= Days; day++)
            {
                // Some looks before the time, some after it: both may be down, start or die at any of them.
                if (chance.Next(8) == 0) await LookAsync(DueOn(day).AddMinutes(-chance.Next(1, 600)));
                if (chance.Next(4) == 0) await LookAsync(DueOn(day));
                await LookAsync(DueOn(day).AddMinutes(chance.Next(1, 600)));
                await SettleAsync();
            }
        }

        public void End()
        {
            Stop(0);
            Stop(1);
        }

        async Task LookAsync(DateTimeOffset at)
        {
            if (at > _time.GetUtcNow()) _time.SetUtcNow(at);
            foreach (var i in new[] { 0, 1 })
            {
                if (chance.Next(_nodes[i] is null ? 2 : 20) == 0) Toggle(i);
                if (_nodes[i] is { } node && chance.Next(5) == 0) node.Fate.DiesAt = chance.Next(12);
            }
            var first = chance.Next(2);
            if (_nodes[first] is { } one && _nodes[1 - first] is not null && chance.Next(2) == 0)
            {
                Races++;
                one.Fate.Meanwhile = () => TickAsync(1 - first);
            }
            await TickAsync(first);
            await TickAsync(1 - first);
        }

        // Before the next time comes, somebody is up for long enough to find the dead's work and end it.
        async Task SettleAsync()
        {
            for (var round = 0; round < 20; round++)
            {
                if (_nodes[0] is null && _nodes[1] is null) Toggle(chance.Next(2));
                if (await IsIdleAsync((_nodes[0] ?? _nodes[1])!.Value.Node)) return;
                await TickAsync(0);
                await TickAsync(1);
                _time.Advance(TimeSpan.FromSeconds(31));
            }
            throw new UnreachableException("The day does not end.");
        }

        async Task<bool> IsIdleAsync(Node node) =>
            await node.Store.OpenInstanceAsync("some-flow", CancellationToken.None) is null
            && await node.Store.NextScheduleAsync(CancellationToken.None) > _time.GetUtcNow();

        async Task TickAsync(int i)
        {
            if (_nodes[i] is not { } node) return;
            try
            {
                await node.Node.TickAsync();
            }
            catch (Death)
            {
                Deaths++;
                Stop(i);
            }
        }

        void Toggle(int i)
        {
            if (_nodes[i] is not null)
            {
                Stop(i);
                return;
            }
            var fate = new Fate();
            _nodes[i] = (Open(fate), fate);
        }

        void Stop(int i)
        {
            _nodes[i]?.Node.Dispose();
            _nodes[i] = null;
        }
    }
}
