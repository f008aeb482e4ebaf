using System.Diagnostics;
using Rlhf.Cli.Tests.Support;

[assembly: AssemblyFixture(typeof(FinishedRound))]
// Every test here wants the whole machine: processes that train, kills by the clock.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly)]

namespace Rlhf.Cli.Tests.Support;

/// <summary>One undisturbed round on the test preset, which the tests of this assembly share.</summary>
public sealed class FinishedRound : IAsyncLifetime
{
    public string Store { get; } = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    internal Said Said { get; private set; } = null!;

    internal RoundFacts Facts { get; private set; } = null!;

    /// <summary>From the start of its process to the end.</summary>
    public TimeSpan Wall { get; private set; }

    public async ValueTask InitializeAsync()
    {
        var clock = Stopwatch.StartNew();
        Said = await Rlhf.Run(Store, "round", "--preset", "tiny", "--json");
        Wall = clock.Elapsed;
        Assert.True(Said.ExitCode == 0, Said.Error);
        Facts = await RoundFacts.ReadAsync(Store);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Store, recursive: true);
        return ValueTask.CompletedTask;
    }
}
