using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pelago.Client;

/// <summary>The few calls of POSIX that process supervision needs and .NET does not offer.</summary>
internal static class Posix
{
    public const int SigInt = 2;
    public const int SigKill = 9;
    public const int SigTerm = 15;
    public const int OpenRead = 0;
    public const int OpenAppend = 0x1 | 0x40 | 0x400; // O_WRONLY | O_CREAT | O_APPEND on Linux
    public const int OpenCloseOnExec = 0x80000;
    public const short SpawnSetSigDef = 0x04;
    public const short SpawnSetSigMask = 0x08;
    public const short SpawnSetSid = 0x80;

    /// <summary>More than any C library needs for its opaque spawn structures and signal sets.</summary>
    public const int OpaqueBytes = 1024;

    private const int CollapseRange = 0x08;
    private const int WaitNoHang = 1;
    private const int PidSignalNumber = 424; // the same on every architecture, like all calls since Linux 5.1
    private const int PidOpenNumber = 434;
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;

    /// <summary>Collects the exit status of a child that has ended; does nothing for anybody else's process. Pids below
    /// one mean groups of processes to the system and are never passed on.</summary>
    /// <returns>How it ended, when it was this call that learnt it; else null.</returns>
    public static ProcessEnd? Reap(int pid)
        => pid > 0 && WaitPid(pid, out var status, WaitNoHang) == pid ? ProcessEnd.OfWaitStatus(status) : null;

    /// <summary>A descriptor that stands for the process that has this pid now and never for a later one
    /// (pidfd_open(2)); negative when there is none, or the kernel is older than 5.3.</summary>
    public static int OpenProcess(int pid) => pid > 0 ? (int)SystemCall(PidOpenNumber, pid, 0, 0, 0) : -1;

    /// <summary>Sends a signal to the process of a descriptor (pidfd_send_signal(2)).</summary>
    public static void SignalProcess(int descriptor, int signal)
        => _ = SystemCall(PidSignalNumber, descriptor, signal, 0, 0);

    /// <summary>Takes bytes from the beginning of a file, whoever appends to it meanwhile (fallocate(2)).</summary>
    /// <returns>False when the file system cannot do that, or not with so many; the file is as it was.</returns>
    public static bool TryCollapse(SafeFileHandle file, long bytes)
        => bytes > 0 && Allocate(file, CollapseRange, 0, bytes) == 0;

    /// <summary>Marks every descriptor but the standard three as closed on exec. What this process opened is so
    /// already; what its caller left open is not, and a daemon must not keep it.</summary>
    public static void KeepDescriptorsHere()
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), out var descriptor) && descriptor > 2)
                _ = Fcntl(descriptor, SetDescriptorFlags, CloseOnExec);
        }
    }

    /// <summary>Forces a directory's entries to the disk: without it a rename is in memory for some seconds
    /// (fsync(2)). Where the file system cannot, nothing happens.</summary>
    public static void SyncDirectory(string path)
    {
        var opened = Open(path, OpenRead | OpenCloseOnExec);
        if (opened < 0)
            return;
        using var directory = new SafeFileHandle(opened, ownsHandle: true);
        RandomAccess.FlushToDisk(directory);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static extern nint SystemCall(nint number, nint first, nint second, nint third, nint fourth);

    [DllImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static extern int Allocate(SafeFileHandle file, int mode, long offset, long bytes);

    [DllImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static extern int WaitPid(int pid, out int status, int options);

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static extern int Fcntl(int descriptor, int command, int argument);

    [DllImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    public static extern int Pipe([Out] int[] descriptors, int flags);

    [DllImport("libc", EntryPoint = "close")]
    public static extern int Close(int descriptor);

    [DllImport("libc", EntryPoint = "sigfillset")]
    public static extern int SignalsAll(byte[] set);

    [DllImport("libc", EntryPoint = "sigemptyset")]
    public static extern int SignalsNone(byte[] set);

    [DllImport("libc", EntryPoint = "posix_spawnattr_init")]
    public static extern int AttributesInit(byte[] attributes);

    [DllImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    public static extern int AttributesDestroy(byte[] attributes);

    [DllImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    public static extern int AttributesFlags(byte[] attributes, short flags);

    [DllImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    public static extern int AttributesSignalDefaults(byte[] attributes, byte[] set);

    [DllImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    public static extern int AttributesSignalMask(byte[] attributes, byte[] set);

    [DllImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static extern int ActionsInit(byte[] actions);

    [DllImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    public static extern int ActionsDestroy(byte[] actions);

    [DllImport("libc", EntryPoint = "posix_spawn_file_actions_addopen")]
    public static extern int ActionsOpen(
        byte[] actions, int descriptor, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mode);

    [DllImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static extern int ActionsDuplicate(byte[] actions, int from, int to);

    [DllImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    public static extern int ActionsChangeDirectory(
        byte[] actions, [MarshalAs(UnmanagedType.LPUTF8Str)] string path);

    [DllImport("libc", EntryPoint = "posix_spawnp")]
    public static extern int Spawn(
        out int pid,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string file,
        byte[] actions,
        byte[] attributes,
        nint[] arguments,
        nint[] environment);
}
