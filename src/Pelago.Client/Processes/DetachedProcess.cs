using System.Collections;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Pelago.Model;

namespace Pelago.Client;

/// <summary>What to start.</summary>
/// <param name="File">Program: a path, or a name looked up in <c>PATH</c>.</param>
/// <param name="Arguments">Arguments without the program's own name. Never a secret: every user can read them.</param>
/// <param name="OutputFile">Standard output and error are appended here; created with mode 0600.</param>
public sealed record ProcessSpec(string File, IReadOnlyList<string> Arguments, string OutputFile)
{
    /// <summary>Largest <see cref="StandardInput"/>: what a pipe takes without a reader.</summary>
    public const int MaxStandardInputBytes = 32 * 1024;

    /// <summary>Directory to start in; null for the caller's.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Changes to the inherited environment: a value sets, null removes.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>What the process finds on its standard input, followed by the end of the stream: the place for a
    /// one-time token. Empty for <c>/dev/null</c>.</summary>
    public ReadOnlyMemory<byte> StandardInput { get; init; }
}

/// <summary>Starts a process that outlives its starter: in a session of its own, standard streams on files, none of the
/// starter's other descriptors, default signal handling. Linux only.</summary>
public static class DetachedProcess
{
    /// <summary>Starts the process.</summary>
    /// <exception cref="PelagoException">PLG1010 when the program cannot be started.</exception>
    public static ProcessIdentity Start(ProcessSpec spec)
    {
        if (spec.StandardInput.Length > ProcessSpec.MaxStandardInputBytes)
            throw Refused(spec, $"standard input is limited to {ProcessSpec.MaxStandardInputBytes} bytes");
        var pipe = new[] { -1, -1 };
        if (!spec.StandardInput.IsEmpty && Posix.Pipe(pipe, Posix.OpenCloseOnExec) != 0)
            throw Refused(spec, Marshal.GetLastPInvokeErrorMessage());
        try
        {
            Posix.KeepDescriptorsHere();
            var pid = Spawn(spec, pipe[0]);
            FeedInput(spec.StandardInput, ref pipe[1]);
            // A process that ended at once has no start time any more; it is reported as one that is not alive.
            return ProcessIdentity.Of(pid) ?? new ProcessIdentity(pid, 0);
        }
        finally
        {
            foreach (var descriptor in pipe)
            {
                if (descriptor >= 0)
                    _ = Posix.Close(descriptor);
            }
        }
    }

    private static int Spawn(ProcessSpec spec, int input)
    {
        var actions = new byte[Posix.OpaqueBytes];
        var attributes = new byte[Posix.OpaqueBytes];
        var all = new byte[Posix.OpaqueBytes];
        var none = new byte[Posix.OpaqueBytes];
        var arguments = Strings([spec.File, .. spec.Arguments]);
        var environment = Strings(MergedEnvironment(spec.Environment));
        Check(spec, Posix.ActionsInit(actions));
        Check(spec, Posix.AttributesInit(attributes));
        try
        {
            Check(spec, input >= 0
                ? Posix.ActionsDuplicate(actions, input, 0)
                : Posix.ActionsOpen(actions, 0, "/dev/null", Posix.OpenRead, 0));
            Check(spec, Posix.ActionsOpen(actions, 1, spec.OutputFile, Posix.OpenAppend, 0b110_000_000));
            Check(spec, Posix.ActionsDuplicate(actions, 1, 2));
            if (spec.WorkingDirectory is { } directory)
                Check(spec, Posix.ActionsChangeDirectory(actions, directory));
            // The runtime ignores SIGPIPE and may block signals; a started program must not inherit either.
            Check(spec, Posix.SignalsAll(all) | Posix.SignalsNone(none));
            Check(spec, Posix.AttributesSignalDefaults(attributes, all));
            Check(spec, Posix.AttributesSignalMask(attributes, none));
            Check(spec, Posix.AttributesFlags(
                attributes, Posix.SpawnSetSid | Posix.SpawnSetSigDef | Posix.SpawnSetSigMask));
            Check(spec, Posix.Spawn(out var pid, spec.File, actions, attributes, arguments, environment));
            return pid;
        }
        finally
        {
            _ = Posix.ActionsDestroy(actions);
            _ = Posix.AttributesDestroy(attributes);
            foreach (var text in arguments.Concat(environment))
                Marshal.FreeCoTaskMem(text);
        }
    }

    private static void FeedInput(ReadOnlyMemory<byte> content, ref int descriptor)
    {
        if (descriptor < 0)
            return;
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        descriptor = -1;
        using var stream = new FileStream(handle, FileAccess.Write, bufferSize: 0);
        try
        {
            stream.Write(content.Span);
        }
        catch (IOException)
        {
            // The process has already ended; whoever watches it will see that.
        }
    }

    private static nint[] Strings(IReadOnlyCollection<string> values)
        => [.. values.Select(Marshal.StringToCoTaskMemUTF8), 0];

    private static List<string> MergedEnvironment(IReadOnlyDictionary<string, string?> changes)
    {
        var merged = new List<string>();
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            if (!changes.ContainsKey((string)variable.Key))
                merged.Add($"{variable.Key}={variable.Value}");
        }
        merged.AddRange(from change in changes where change.Value is not null select $"{change.Key}={change.Value}");
        return merged;
    }

    private static void Check(ProcessSpec spec, int error)
    {
        if (error != 0)
            throw Refused(spec, Marshal.GetPInvokeErrorMessage(error));
    }

    private static PelagoException Refused(ProcessSpec spec, string why)
        => new Failure(ErrorCodes.ProcessNotStarted, Sentence.End($"'{spec.File}' cannot be started: {why}"),
            $"Check that the program, its working directory and '{spec.OutputFile}' can be used.").ToException();
}
