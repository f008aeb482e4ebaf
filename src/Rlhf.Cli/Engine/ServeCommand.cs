using Rlhf.Cli.Schedules;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Workflows;
using Rlhf.Runtime.Driver;
using Rlhf.Server.Elsa.Forwarding;
using Rlhf.Server.Hosting;

namespace Rlhf.Cli.Engine;

/// <summary><c>rlhf serve</c> and <c>rlhf worker</c>: processes that stay.</summary>
static class ServeCommand
{
    static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    /// <summary>Drives the store, fires its schedules, runs steps and serves the pages until it is told to stop.</summary>
    /// <param name="urls">Addresses of the pages, with semicolons between them; null: no pages.</param>
    /// <param name="elsa">The Elsa server whose workflows Studio shows, and to which this store's schedules are left; null: this store's.</param>
    /// <param name="fireSchedules">With an Elsa server: whether the schedules are fired here all the same.</param>
    public static async Task<int> ServeAsync(string store, string? queues, bool wait, string? urls, ElsaServer? elsa, bool fireSchedules, CancellationToken cancellationToken)
    {
        if (urls is null && elsa is not null) throw new ArgumentException("--no-pages serves no Studio; expected --elsa or --no-pages, not both.");
        if (elsa is null && fireSchedules) throw new ArgumentException("--fire-schedules is for --elsa alone; without it this process fires the store's schedules anyway.");
        var log = new EngineLog(Console.Error);
        // A workflow of both would be started twice at each of its times.
        var leftTo = elsa is null || fireSchedules ? null : $"the Elsa server {elsa}";
        await using var workspace = new Workspace(store, Settings.Queues(queues), log, stays: true, leftTo);
        var options = urls is null ? null : PageOptions(urls, workspace, log) with { Elsa = elsa };
        // What is broken is said to who starts the server, not to the first who wants to label.
        if (options is not null) WorkflowInputs.CheckGuidelines();
        if (options is not null) await PagesServer.CheckAsync(options, workspace.Runtime, cancellationToken);
        try
        {
            await DriveAsync(workspace, wait, cancellationToken);
            await using var pages = options is null ? null : await PagesServer.StartAsync(options, workspace.Runtime, TimeProvider.System, log.Trouble, cancellationToken);
            if (pages is not null) Console.Error.WriteLine($"Pages at {string.Join(", ", pages.Addresses)}; people label at {pages.Addresses[0]}/label.");
            if (pages is not null && elsa is not null) Console.Error.WriteLine($"Workflows at {pages.Addresses[0]}/studio are those of the Elsa server {elsa}.");
            await workspace.PublishWorkflowsAsync(cancellationToken);
            Console.Error.WriteLine($"Driving {workspace.Place}; Ctrl+C or SIGTERM lets running steps reach their next checkpoint and ends.");
            foreach (var schedule in await workspace.Runtime.Schedules.ListAsync(cancellationToken))
                Console.Error.WriteLine($"Schedule {schedule.DefinitionId}: {SchedulesCommand.Next(schedule)}{(schedule is { LeftTo: null } or { Paused: true } ? "" : " (--fire-schedules: it is started here too)")}");
            await workspace.Runtime.EngineAsync().WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Console.Error.WriteLine("Stopping: running steps reach their next checkpoint.");
        }
        return ExitCodes.Done;
    }

    /// <summary>Runs steps of a store that another process drives.</summary>
    public static async Task<int> WorkAsync(string store, string queues, CancellationToken cancellationToken)
    {
        if (Settings.Database is null)
            throw new ArgumentException("A worker of its own needs PostgreSQL (RLHF_DATABASE); with SQLite the process that drives the store runs its steps.");
        await using var workspace = new Workspace(store, Settings.Queues(queues), new EngineLog(Console.Error));
        Console.Error.WriteLine($"Working for {workspace.Place}, queues {queues}; Ctrl+C or SIGTERM hands running steps over and ends.");
        await workspace.Runtime.WorkAsync(cancellationToken);
        Console.Error.WriteLine("Handed over.");
        return ExitCodes.Done;
    }

    static ServerOptions PageOptions(string urls, Workspace workspace, EngineLog log) =>
        new(urls.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), Environment.UserName, WorkflowFiles.Guidelines)
        {
            PublicUrl = Settings.PublicUrl,
            OpenIdConnect = Settings.OpenIdConnect,
            Hooks = ToolSettings.Hooks,
            Presets = token => PresetsAsync(workspace, log, token),
            Tracked = workspace.TrackedAsync,
            Promotions = new(workspace.Objects, workspace.PromotionKeys, Settings.Environment, WorkflowFiles.Definition("promotion")),
        };

    static async Task<IReadOnlyList<Preset>> PresetsAsync(Workspace workspace, EngineLog log, CancellationToken cancellationToken)
    {
        var presets = new List<Preset>();
        foreach (var file in WorkflowFiles.Presets)
        {
            try
            {
                presets.Add(new(Path.GetFileNameWithoutExtension(file), await workspace.PresetAsync(file, cancellationToken)));
            }
            catch (ArgumentException e)
            {
                log.Trouble($"The preset is not offered: {e.Message}");
            }
        }
        return presets;
    }

    static async Task DriveAsync(Workspace workspace, bool wait, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                await workspace.DriveAsync(cancellationToken);
                return;
            }
            catch (DriverBusyException e) when (wait)
            {
                if (isFirst) Console.Error.WriteLine($"{e.Message} Waiting until it is done.");
                await Task.Delay(Again, TimeProvider.System, cancellationToken);
            }
        }
    }
}
