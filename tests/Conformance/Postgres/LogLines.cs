using System.Text;
using Microsoft.Extensions.Logging;

namespace Pelago.Tests.Conformance;

/// <summary>Keeps every line that is logged.</summary>
internal sealed class LogLines : ILogger
{
    private readonly StringBuilder lines = new();

    /// <summary>Everything so far.</summary>
    public string Text
    {
        get
        {
            lock (lines)
                return lines.ToString();
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        lock (lines)
            lines.AppendLine(formatter(state, exception)).AppendLine(exception?.ToString());
    }
}
