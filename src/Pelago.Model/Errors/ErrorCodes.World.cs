namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>No such verb, or the verb has no such option.</summary>
    public static readonly ErrorCode UnknownCommand = Define("PLG1201", "Unknown command", 2, 400);

    /// <summary>An argument or option of the command line breaks its rule.</summary>
    public static readonly ErrorCode InvalidArgument = Define("PLG1202", "Invalid argument", 2, 400);

    /// <summary>Something that the command did not expect; the log or <c>--debug</c> says more.</summary>
    public static readonly ErrorCode Unexpected = Define("PLG1200", "Unexpected failure", 1, 500);

    /// <summary>The user interrupted the command.</summary>
    public static readonly ErrorCode Interrupted = Define("PLG1207", "Interrupted", 130, 499);

    /// <summary>A program cannot be started.</summary>
    public static readonly ErrorCode ProcessNotStarted = Define("PLG1010", "Process not started", 1, 500);

    /// <summary>The data directory holds no world.</summary>
    public static readonly ErrorCode WorldNotFound = Define("PLG1101", "No world here", 3, 404);

    /// <summary>The data directory was written by another format version, or is not a world at all.</summary>
    public static readonly ErrorCode WorldFormat = Define("PLG1102", "World of another format", 5, 409);

    /// <summary>The data directory, or a file in it, may not be read or written.</summary>
    public static readonly ErrorCode WorldAccess = Define("PLG1103", "No permission on the data directory", 4, 403);

    /// <summary>A recorded port is used by another process.</summary>
    public static readonly ErrorCode PortTaken = Define("PLG1104", "Port in use", 5, 409);

    /// <summary>No free port where the layout needs one.</summary>
    public static readonly ErrorCode NoFreePort = Define("PLG1105", "No free port", 5, 409);

    /// <summary>The world exists but its supervisor is down.</summary>
    public static readonly ErrorCode WorldNotRunning = Define("PLG1106", "World is not running", 5, 409);

    /// <summary>A role of the world did not become ready.</summary>
    public static readonly ErrorCode RoleNotReady = Define("PLG1107", "Role not ready", 6, 504);

    /// <summary>Another command is changing this world.</summary>
    public static readonly ErrorCode WorldBusy = Define("PLG1108", "World is being changed", 5, 409);

    /// <summary>A role's configuration is missing, unreadable or of another version.</summary>
    public static readonly ErrorCode RoleConfig = Define("PLG1109", "Role's configuration unusable", 1, 500);

    /// <summary>The regions that a world records are not those whose homes it holds.</summary>
    public static readonly ErrorCode RegionsMismatch = Define("PLG1115", "Regions do not match", 5, 409);

    /// <summary>A file or the output cannot be written: the disk is full or fails, or the output is closed.</summary>
    public static readonly ErrorCode FileNotWritten = Define("PLG1116", "File not written", 1, 503);

    /// <summary>A control interface needs the world's administrator token.</summary>
    public static readonly ErrorCode ControlRefused = Define("PLG1110", "Control refused", 4, 401);

    /// <summary>A control interface of the world does not answer.</summary>
    public static readonly ErrorCode ControlUnreachable = Define("PLG1111", "Control does not answer", 1, 503);

    /// <summary>No context of that name was saved.</summary>
    public static readonly ErrorCode ContextUnknown = Define("PLG1112", "Unknown context", 3, 404);

    /// <summary>A context of that name stands for another world.</summary>
    public static readonly ErrorCode ContextTaken = Define("PLG1113", "Context names another world", 5, 409);

    /// <summary>The file of contexts cannot be read or written.</summary>
    public static readonly ErrorCode ContextsUnusable = Define("PLG1114", "Contexts unusable", 1, 500);

    /// <summary>Some of what was asked for was done; the message says which part was not.</summary>
    public static readonly ErrorCode PartlyDone = Define("PLG1208", "Partly done", 7, 500);

    /// <summary>A region that does not exist.</summary>
    public static readonly ErrorCode RegionUnknown = Define("PLG1203", "Unknown region", 3, 404);

    /// <summary>A service that does not exist.</summary>
    public static readonly ErrorCode ServiceUnknown = Define("PLG1206", "Unknown service", 3, 404);

    /// <summary>The world's replicas disagree.</summary>
    public static readonly ErrorCode VerifyFailed = Define("PLG1205", "Replicas disagree", 1, 500);

    /// <summary>A directory that holds neither a project nor a published application.</summary>
    public static readonly ErrorCode NotAnApplication = Define("PLG1301", "Not an application", 2, 400);

    /// <summary>An application could not be published.</summary>
    public static readonly ErrorCode PublishFailed = Define("PLG1302", "Publishing failed", 1, 500);

    /// <summary>An artifact is larger, or holds more files, than the limit.</summary>
    public static readonly ErrorCode ArtifactTooLarge = Define("PLG1303", "Artifact too large", 2, 413);

    /// <summary>An artifact is damaged or not of the expected layout.</summary>
    public static readonly ErrorCode ArtifactInvalid = Define("PLG1304", "Artifact damaged", 1, 422);

    /// <summary>There is nothing where the application should be.</summary>
    public static readonly ErrorCode ApplicationNotFound = Define("PLG1305", "Application not found", 3, 404);
}
