using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Pelago.Cli;

/// <summary>Who listens on loopback ports.</summary>
internal static class Ports
{
    private const string Listening = "0A"; // TCP_LISTEN in /proc/net/tcp, proc(5)
    private const int User = 7, Number = 9;

    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>Whether a listener could be opened now.</summary>
    public static bool IsFree(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            probe.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>The process that listens there, or null when this user may not see it.</summary>
    public static (string Name, int Pid)? OwnerOf(int port)
    {
        try
        {
            return ListenersOn(port).FirstOrDefault() is { } listener ? ProcessWith(listener) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whoever listens there, for messages, unless it is a role of the world in a directory that this user
    /// runs; then null. A command line proves nothing of somebody else's process, so the user counts too.</summary>
    public static string? StrangerAt(int port, string worldRoot)
    {
        try
        {
            var listeners = ListenersOn(port).ToList();
            var own = OwnUser();
            foreach (var listener in listeners)
            {
                var process = listener[User] == own ? ProcessWith(listener) : null;
                if (process is not { } found)
                    return $"a process that is not this user's (user {listener[User]})";
                if (!RoleProcesses.IsOf(worldRoot, found.Pid))
                    return $"{found.Name} (pid {found.Pid}), which is not of this world";
            }
            return listeners.Count > 0 ? null : "nobody any more";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"a process that cannot be looked at ({e.Message})";
        }
    }

    // The effective user, second number of its line (proc(5)).
    private static string? OwnUser() => File.ReadLines("/proc/self/status")
        .FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal))
        ?.Split('\t', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(2);

    // The fields of each line, proc(5); the address, the user and the socket's number among them.
    private static IEnumerable<string[]> ListenersOn(int port) => Tables.Where(File.Exists).SelectMany(File.ReadLines)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(fields => fields.Length > Number && fields[3] == Listening
            && fields[1].EndsWith($":{port:X4}", StringComparison.Ordinal));

    private static (string Name, int Pid)? ProcessWith(string[] listener)
    {
        var socket = $"socket:[{listener[Number]}]";
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                continue;
            try
            {
                if (Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd"))
                    .Any(fd => new FileInfo(fd).LinkTarget == socket))
                {
                    return (File.ReadAllText(Path.Combine(process, "comm")).Trim(), pid);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another user's process, or one that has just ended.
            }
        }
        return null;
    }
}
