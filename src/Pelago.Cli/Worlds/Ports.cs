using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Pelago.Cli;

/// <summary>Who listens on loopback ports.</summary>
internal static class Ports
{
    private const string Listening = "0A"; // TCP_LISTEN in /proc/net/tcp, proc(5)

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
            var inode = Tables.Where(File.Exists).SelectMany(File.ReadLines)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .FirstOrDefault(f => f.Length > 9 && f[3] == Listening
                    && f[1].EndsWith($":{port:X4}", StringComparison.Ordinal))?[9];
            return inode is null ? null : ProcessWith($"socket:[{inode}]");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static (string Name, int Pid)? ProcessWith(string socket)
    {
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
