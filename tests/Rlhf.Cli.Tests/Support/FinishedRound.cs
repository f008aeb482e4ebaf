using System.Diagnostics;
using Rlhf.Cli.Tests.Support;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(FinishedRound))]
// Every process that a test starts has one thread, and a part of a test's time is spent waiting: for leases, deadlines, processes that start.
[assembly: Parallelization(Mode = ParallelMode.All, MaxThreads = 3)]

namespace Rlhf.Cli.Tests.Support;

/// <summary>One undisturbed round on the test preset, which the tests of this assembly share.</summary>
public sealed class FinishedRound : IAsyncLifetime
{
    readonly Site _site = new() { SavesEveryUpdate = true };
    Site _untouched = null!;

    /// <summary>For commands that read it; those of several tests may do so at once.</summary>
    public string Store => _site.Store;

    internal Said Said { get; private set; } = null!;

    internal RoundFacts Facts { get; private set; } = null!;

    /// <summary>From the start of its process to the end, with a checkpoint at every update and nothing beside it.</summary>
    public TimeSpan Wall { get; private set; }

    /// <summary>A store of a test's own, as the round left it.</summary>
    internal Site Copy() => Site.CopyOf(_untouched.Store);

    public async ValueTask InitializeAsync()
    {
        var clock = Stopwatch.StartNew();
        Said = await _site.StartRound().EndAsync();
        Wall = clock.Elapsed;
        Assert.True(Said.ExitCode == 0, Said.Error);
        Facts = await RoundFacts.ReadAsync(Store);
        _untouched = Site.CopyOf(Store);
    }

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        await _untouched.DisposeAsync();
    }
}

/// <summary>Tests that need the processors for themselves run one after the other, when all others are done.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
