using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Notifications;

namespace Rlhf.Cli.Stores;

/// <summary>Sends in the background what a receiver did not take when it was away (<see cref="UnsentNotifications"/>): at once, and every minute.</summary>
sealed class NotificationSender : IAsyncDisposable
{
    static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    readonly CancellationTokenSource _stop = new();
    readonly Task _work;

    public NotificationSender(IObjectStore objects, INotifications notifications, Action<string> log) => _work = Task.Run(() => RunAsync(new(objects), notifications, log));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    async Task RunAsync(UnsentNotifications unsent, INotifications notifications, Action<string> log)
    {
        using var timer = new PeriodicTimer(Look, TimeProvider.System);
        try
        {
            do
            {
                try
                {
                    await unsent.SendAsync(notifications, _stop.Token);
                }
                catch (Exception e) when (e is IOException or InvalidDataException)
                {
                    log($"Notifications that wait were not sent: {e.Message}");
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // The process ends; the next one goes on.
        }
    }
}
