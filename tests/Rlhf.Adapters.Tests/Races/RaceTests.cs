using System.Diagnostics;
using Rlhf.Adapters.Blob;
using Rlhf.Steps.Artifacts;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Races;

/// <summary>Fifty processes want one version number and one alias at the same moment.</summary>
public sealed class RaceTests
{
    const int Racers = 50, Rounds = 3;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_fifty_processes_one_gets_each_number_and_all_others_are_told_so()
    {
        var server = AzuriteServer.Required();
        var environment = new Dictionary<string, string> { [BlobSettings.Variable] = server.ConnectionString(), [BlobSettings.ContainerVariable] = server.NewContainer() };
        var container = await BlobObjectStore.OpenAsync(BlobSettings.FromEnvironment(environment.GetValueOrDefault)!, TimeProvider.System, null, null, create: true, Token);
        var folder = Directory.CreateTempSubdirectory("rlhf-race-").FullName;
        var racers = Enumerable.Range(1, Racers).Select(number => Start(folder, number, environment)).ToList();
        try
        {
            var won = await RaceAsync(racers);

            var places = new[] { "folder", "container" };
            var expected = places.SelectMany(p => Enumerable.Range(1, Rounds).SelectMany(n => new[] { $"{p} policy@{n}", $"{p} champion {n}" }));
            Assert.Equal(expected.Order(StringComparer.Ordinal), won.Order(StringComparer.Ordinal));
            foreach (var objects in new IObjectStore[] { new FolderObjectStore(folder), container })
            {
                Assert.Equal(Rounds, (await new Names(objects, TimeProvider.System).HistoryAsync("policy", Token)).Count);
                Assert.Equal(Rounds, (await new Aliases(objects, "production").HistoryAsync("0f3a/champion", Token)).Count);
            }
        }
        finally
        {
            foreach (var racer in racers)
            {
                if (!racer.HasExited) racer.Kill();
                racer.Dispose();
            }
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What each of them says that it got.</summary>
    static async Task<List<string>> RaceAsync(List<Process> racers)
    {
        foreach (var racer in racers) Assert.Equal("ready", await racer.StandardOutput.ReadLineAsync(Token));
        foreach (var racer in racers) racer.StandardInput.Close();
        var won = new List<string>();
        foreach (var racer in racers)
        {
            var said = await racer.StandardOutput.ReadLineAsync(Token);
            await racer.WaitForExitAsync(Token);
            Assert.True(racer.ExitCode == 0 && said is not null, await racer.StandardError.ReadToEndAsync(Token));
            won.AddRange(said.Split(',', StringSplitOptions.RemoveEmptyEntries));
        }
        return won;
    }

    static Process Start(string folder, int number, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Rlhf.Racer.dll"), folder, $"{number}", $"{Rounds}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
