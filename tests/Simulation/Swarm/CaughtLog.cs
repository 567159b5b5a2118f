using System.Diagnostics;
using System.Globalization;

namespace Pelago.Tests.Simulation;

/// <summary>Which oracle caught a failing seed, for <c>./pelago soak mutants</c>: a line "swarm, seed, oracle" each, in
/// the file that <c>PELAGO_SIM_CAUGHT</c> names.</summary>
internal static class CaughtLog
{
    private static readonly string? File = Environment.GetEnvironmentVariable("PELAGO_SIM_CAUGHT");
    private static readonly Lock Gate = new();

    /// <summary>Only the oracle is asked for: nobody needs a smaller example of what was broken on purpose.</summary>
    public static bool IsOn => File is { Length: > 0 };

    /// <summary>Notes a failing seed.</summary>
    public static void Note(string swarm, ulong seed, Exception error)
    {
        if (!IsOn)
            return;
        lock (Gate)
        {
            System.IO.File.AppendAllText(
                File!, string.Create(CultureInfo.InvariantCulture, $"{swarm} {seed} {OracleOf(error)}\n"));
        }
    }

    // The method that threw: oracles are classes, and each of their checks is a method. What anything else throws, the
    // kernel threw.
    private static string OracleOf(Exception error)
    {
        if (error is not OracleException)
            return $"exception:{error.GetType().Name}";
        var frame = new StackTrace(error).GetFrames().Select(f => f.GetMethod()).FirstOrDefault(
            m => m?.DeclaringType?.Namespace == typeof(CaughtLog).Namespace && m!.Name != "Fail"
                && !m.Name.Contains('<', StringComparison.Ordinal));
        return frame is null ? "unknown" : $"{frame.DeclaringType!.Name}.{frame.Name}";
    }
}
