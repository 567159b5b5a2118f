using System.Runtime.InteropServices;

namespace Pelago.Tests.EndToEnd;

/// <summary>Signals that tests send to processes which they have just seen.</summary>
internal static class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Stop = 19;

    public static void Send(int pid, int signal)
    {
        pid.ShouldBeGreaterThan(1, "a pid below means groups of processes");
        SendNow(pid, signal).ShouldBe(0);
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendNow(int pid, int signal);
}
