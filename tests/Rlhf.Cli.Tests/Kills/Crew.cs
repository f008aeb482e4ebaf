using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Kills;

enum Role { Driver, WorkerA, WorkerB }

/// <summary>
/// A driver, two workers and a round that follows, with the supervisor that starts again what has died. Where the driver dies, the round
/// that follows may drive before the driver is back, which is then refused until that round's process dies; so the role of the driver is
/// that of whoever drives.
/// </summary>
sealed class Crew
{
    readonly Site _site;
    readonly Dictionary<Role, Running> _running = [];
    Running _round;
    bool _roundIsKilled;

    Crew(Site site, Running driver)
    {
        (_site, _running[Role.Driver]) = (site, driver);
        foreach (var worker in new[] { Role.WorkerA, Role.WorkerB }) _running[worker] = Start(worker);
        _round = site.StartRound();
    }

    public static async Task<Crew> BeginAsync(Site site) => new(site, await site.ServeAsync("--queues", "cpu"));

    /// <summary>True where the round has ended, and with success.</summary>
    public async Task<bool> RoundEndsWithinAsync(TimeSpan longest)
    {
        if (!await _round.EndsWithinAsync(longest)) return false;
        Assert.True((await _round.EndAsync()).ExitCode == 0, $"{_round}");
        return true;
    }

    /// <summary>Kills one of the crew and says which one, and in which step.</summary>
    public async Task<string> KillAsync(Role role)
    {
        var victim = role == Role.Driver && _running[role].HasExited ? _round : _running[role];
        _roundIsKilled = await victim.KillAsync() && victim == _round;
        var its = (await _site.Look.JobsAsync()).Find(j => j.IsOf(victim));
        return its is not null ? $"{Name(role)} in {its.Execution}" : $"idle {Name(role)} during {await _site.Look.PlaceAsync()}";
    }

    /// <summary>
    /// Starts again whoever is not there; a worker must not have ended by itself, and a driver only if another one drives. False where there
    /// is nothing left to do, since the round's process was killed after the round's end.
    /// </summary>
    public async Task<bool> ReviveAsync()
    {
        foreach (var (role, process) in _running.Where(p => p.Value.HasExited).ToList())
        {
            var said = await process.EndAsync();
            Assert.True(said.ExitCode is not (0 or 1 or 2) || (role == Role.Driver && said.Error.Contains("is driven by", StringComparison.Ordinal)), $"{process}");
            _running[role] = Start(role);
        }
        if (!_roundIsKilled) return true;
        if (await _site.Look.InstancesAsync() is [.., { IsOpen: false }]) return false;
        (_round, _roundIsKilled) = (_site.StartRound(), false);
        return true;
    }

    static string Name(Role role) => role == Role.Driver ? "driver" : "worker";

    Running Start(Role role) => role == Role.Driver ? _site.Start("serve", "--no-pages", "--queues", "cpu") : _site.Start("worker", "--queues", "gpu,cpu");
}
