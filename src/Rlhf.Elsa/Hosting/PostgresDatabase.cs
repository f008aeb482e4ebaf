using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Rlhf.Elsa.Hosting;

/// <summary>Makes the database where its server has none of that name, before anything of Elsa's asks for it: Elsa makes tables only, and without a database starts and fails at every request.</summary>
sealed class PostgresDatabase(ElsaHostOptions options) : IHostedLifecycleService
{
    /// <summary>The database that every server has.</summary>
    const string Always = "postgres";

    /// <exception cref="NpgsqlException">The server cannot be reached, or refuses.</exception>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (options.Postgres is not { } postgres || await ExistsAsync(postgres, cancellationToken)) return;
        var wanted = new NpgsqlConnectionStringBuilder(postgres);
        await using var server = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(postgres) { Database = Always }.ConnectionString);
        await server.OpenAsync(cancellationToken);
        await using var create = server.CreateCommand();
        create.CommandText = $"CREATE DATABASE {new NpgsqlCommandBuilder().QuoteIdentifier(wanted.Database ?? wanted.Username ?? Always)}";
        try
        {
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another node was faster.
        }
    }

    static async Task<bool> ExistsAsync(string postgres, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(postgres);
            await connection.OpenAsync(cancellationToken);
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            return false;
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
