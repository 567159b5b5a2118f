using System.Diagnostics;
using System.Text;

namespace Pelago.Entities;

/// <summary>What can be told of an exception without repeating what it says: its type, where it was thrown, and the
/// same of those within it.</summary>
internal static class ExceptionOutline
{
    private const int MaxExceptions = 16;

    /// <summary>Types and stacks, the outermost first. No message, no data, nothing that a type of the service's own
    /// could put there.</summary>
    public static string Of(Exception error)
    {
        var outline = new StringBuilder();
        var open = new Stack<Exception>([error]);
        for (var count = 0; open.TryPop(out var next); count++)
        {
            if (count == MaxExceptions)
            {
                outline.Append("… and more within.");
                break;
            }
            outline.Append(count == 0 ? "" : "within: ").AppendLine(next.GetType().FullName)
                .AppendLine(new StackTrace(next, fNeedFileInfo: true).ToString().TrimEnd());
            if (next is AggregateException several)
            {
                foreach (var inner in several.InnerExceptions.Reverse())
                    open.Push(inner);
            }
            else if (next.InnerException is { } inner)
                open.Push(inner);
        }
        return outline.ToString().TrimEnd();
    }
}
