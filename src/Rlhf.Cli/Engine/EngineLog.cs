using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Cli.Engine;

/// <summary>What an engine does, a line each, for the log of a service.</summary>
sealed class EngineLog(TextWriter output) : IDriverObserver
{
    readonly Lock _gate = new();

    public void Dispatching(string instance, string execution) => Write($"{Short(instance)}  {execution,-32} begins");

    public void Saved(string instance, Transition transition)
    {
        foreach (var line in transition.Log.Where(l => l.Seconds is not null || l.Event is LogEvent.Faulted or LogEvent.Changed or LogEvent.Cancelled))
            Write($"{Short(instance)}  {line.Execution,-32} {What(line)}");
        foreach (var end in transition.Commands.OfType<WorkflowCommand.Finish>()) Write($"{Short(instance)}  {end.Status}");
    }

    public void Line(string instance, string text) => Write($"{Short(instance)}  {text}");

    public void Trouble(string message) => Write(message);

    static string What(LogEntry line) =>
        $"{line.Event.ToString().ToLowerInvariant()}{(line.Cached ? " from the cache" : line.Seconds is { } s ? $" after {s:0.0} s" : "")}{(line.Message is null ? "" : $": {line.Message}")}";

    // The end of an id tells instances of one day apart; its beginning is the time.
    static string Short(string instance) => instance[^8..];

    void Write(string text)
    {
        lock (_gate) output.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss}  {text}");
    }
}
