using Npgsql;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Tests.Support;
using Rlhf.Pipeline;
using Rlhf.Runtime;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Jobs;
using Rlhf.Steps.Labeling;
using Rlhf.Tests.Support;

namespace Rlhf.Cli.Tests.Processes;

/// <summary><c>rlhf worker --engine elsa</c> over a store whose desk is in a database that comes and goes.</summary>
public sealed class ElsaWorkerTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_the_database_is_away_other_steps_run_and_the_last_answer_is_seen_when_it_is_back()
    {
        await using var site = new Site(PostgresServer.NewDatabase());
        await using var workspace = new Workspace(site.Store);
        await using var runtime = new WorkflowRuntime(new(site.Store) { Postgres = site.Database }, workspace.Runner, TimeProvider.System);
        await runtime.Desk.PutAsync(new("asked", [new("q", Turn.User("P"), "x", "y", "preference")], 1, 1, []), Token);
        var jobs = new StoredStepJobs(new FolderObjectStore(site.Store));
        var waiting = Job("waits-for-people") with { NotBefore = TimeProvider.System.GetUtcNow().AddDays(1), Events = [DeskLabeler.EventOf("asked")] };
        await jobs.SubmitAsync(waiting, Token);
        await using var proxy = new Proxy(PostgresServer.Required().Port);
        proxy.Close();

        // Away from the beginning.
        var worker = site.StartOver(new NpgsqlConnectionStringBuilder(site.Database) { Port = proxy.Port }.ToString(), "worker", "--engine", "elsa", "--queues", "cpu");
        await worker.UntilItSaysAsync(Trouble);
        await RunsAsync(site, jobs, Job("meanwhile"));
        proxy.Heal();
        await site.UntilAsync("the worker has looked at the desk", async () => await IsConnectedAsync(site.Database!, worker.Id) ? "" : null);

        // Away after a look at the desk, and while the answer comes.
        var troubles = Troubles(worker);
        proxy.Close();
        await site.UntilAsync("the worker has looked again", () => Task.FromResult(Troubles(worker) > troubles ? "" : null));
        await runtime.Desk.TakeAsync([DeskAnswer.Of(new((await runtime.Desk.OpenAsync(null, Token))[0].Item, "ann", Choice.A))], Token);
        await RunsAsync(site, jobs, Job("meanwhile-too"));
        Assert.Null(await jobs.AnswerAsync(waiting.Id, Token));
        proxy.Heal();

        await AnsweredAsync(site, jobs, waiting);
        worker.Terminate();
        Assert.Equal(0, (await worker.EndAsync()).ExitCode);
    }

    static string Trouble => $"Whether '{DeskLabeler.EventOf("asked")}' has happened could not be seen";

    static int Troubles(Running worker) => worker.Error.Split(Trouble).Length - 1;

    static StepJob Job(string activity) => new("PreparePrompts", PipelineSteps.All.Select(s => s.Description).Single(d => d.Name == "PreparePrompts").Version, "cpu", new() { ["seed"] = 1, ["count"] = 5 }, "instance", activity, 0);

    static async Task RunsAsync(Site site, StoredStepJobs jobs, StepJob job)
    {
        await jobs.SubmitAsync(job, Token);
        await AnsweredAsync(site, jobs, job);
    }

    static async Task AnsweredAsync(Site site, StoredStepJobs jobs, StepJob job)
    {
        var answer = await site.UntilAsync($"{job.Activity} has run", () => jobs.AnswerAsync(job.Id, Token));
        Assert.True(answer.Kind == AnswerKind.Completed, answer.Reason);
    }

    static async Task<bool> IsConnectedAsync(string database, int process)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%/' || @process", connection);
        command.Parameters.AddWithValue("process", $"{process}");
        return (long)(await command.ExecuteScalarAsync(Token))! > 0;
    }
}
