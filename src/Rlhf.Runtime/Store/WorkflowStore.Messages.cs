using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Driver;

namespace Rlhf.Runtime.Store;

/// <content>Messages between instances and from outside: each is stored once and delivered once.</content>
internal sealed partial class WorkflowStore
{
    public async Task SendAsync(MessageRow message, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        db.Messages.Add(message);
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>The messages after one, in the order they were sent: at most 500.</summary>
    public async Task<IReadOnlyList<MessageRow>> MessagesAsync(long after, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await db.Messages.AsNoTracking().Where(m => m.Id > after).OrderBy(m => m.Id).Take(500).ToListAsync(cancellationToken);
    }

    public async Task<bool> HasMessageAsync(long message, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await db.Messages.AnyAsync(m => m.Id == message, cancellationToken);
    }

    /// <summary>True where an event of this name has not been delivered to the instance yet.</summary>
    public async Task<bool> HasEventAsync(string instance, string name, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var messages = await db.Messages.AsNoTracking().Where(m => m.InstanceId == instance && m.Kind == MessageKind.Event).ToListAsync(cancellationToken);
        return messages.Any(m => Messages.Read<EventMessage>(m).Name == name);
    }

    /// <summary>Instances in which something waits for an event of this name.</summary>
    public async Task<IReadOnlyList<string>> WaitersAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await db.WaitEvents.Where(w => w.Name == name).Select(w => w.InstanceId).Distinct().OrderBy(i => i).ToListAsync(cancellationToken);
    }

    /// <summary>Removes a message and stores others in its place; false where it is gone already.</summary>
    public async Task<bool> ReplaceAsync(long message, IEnumerable<MessageRow> by, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.Messages.Where(m => m.Id == message).ExecuteDeleteAsync(cancellationToken) == 0) return false;
        db.Messages.AddRange(by);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    static async Task ConsumeAsync(RuntimeDbContext db, long message, CancellationToken cancellationToken)
    {
        if (await db.Messages.Where(m => m.Id == message).ExecuteDeleteAsync(cancellationToken) == 0)
            throw new InstanceChangedException($"Message {message} was delivered by someone else.");
    }
}
