using Rlhf.Cli.Tests.Support;

[assembly: AssemblyFixture(typeof(FinishedRound))]

namespace Rlhf.Cli.Tests.Support;

/// <summary>One undisturbed round on the test preset, which the tests of this assembly share.</summary>
public sealed class FinishedRound : IAsyncLifetime
{
    public string Store { get; } = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    internal Said Said { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Said = await Rlhf.Run(Store, "round", "--preset", "tiny", "--json");

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Store, recursive: true);
        return ValueTask.CompletedTask;
    }
}
