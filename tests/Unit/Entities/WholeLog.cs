using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Pelago.Tests.Unit.Entities;

/// <summary>A log as a sink writes it: whole, exceptions included; of what is below a level nothing.</summary>
internal sealed class WholeLog(LogLevel from) : ILogger
{
    public ConcurrentQueue<string> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= from)
            Lines.Enqueue($"{formatter(state, exception)} {exception}");
    }
}
