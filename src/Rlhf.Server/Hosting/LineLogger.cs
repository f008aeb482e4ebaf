using Microsoft.Extensions.Logging;

namespace Rlhf.Server.Hosting;

/// <summary>What the framework has to complain about, a line each.</summary>
sealed class LineLogger(Action<string> log) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) log($"{formatter(state, exception)}{(exception is null ? "" : $": {exception.Message}")}");
    }

    public void Dispose()
    {
    }
}
