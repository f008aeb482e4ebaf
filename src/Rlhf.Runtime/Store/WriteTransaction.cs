using Microsoft.EntityFrameworkCore.Storage;

namespace Rlhf.Runtime.Store;

/// <summary>A transaction with its connection, and the place in the line of writers; disposed without a commit it changes nothing.</summary>
internal sealed class WriteTransaction(RuntimeDbContext db, IDbContextTransaction transaction, SemaphoreSlim? line) : IAsyncDisposable
{
    public RuntimeDbContext Db => db;

    public Task CommitAsync(CancellationToken cancellationToken) => transaction.CommitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await transaction.DisposeAsync();
            await db.DisposeAsync();
        }
        finally
        {
            line?.Release();
        }
    }
}
