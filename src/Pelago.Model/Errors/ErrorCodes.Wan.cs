namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>A delay of the wide area network emulator is out of range.</summary>
    public static readonly ErrorCode InvalidDelay = Define("PLG8001", "Invalid delay", 2, 422);

    /// <summary>No emulated link connects these two.</summary>
    public static readonly ErrorCode LinkUnknown = Define("PLG8002", "Unknown link", 3, 404);
}
