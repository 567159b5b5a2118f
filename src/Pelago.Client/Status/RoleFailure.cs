namespace Pelago.Client;

/// <summary>Why a role's process does not serve: the last one ended before it did, or this one waits. It is left in the
/// role's home, because whoever looks for the reason cannot ask a process that is not there. A role that serves removes
/// it.</summary>
/// <param name="At">When.</param>
/// <param name="Trouble">What it ended with.</param>
public sealed record RoleFailure(DateTimeOffset At, TroubleView Trouble)
{
    /// <summary>The process has not ended: it waits for what would end this trouble.</summary>
    public bool IsWaiting { get; init; }

    /// <summary>Name of the file.</summary>
    public const string FileName = "failure.json";

    /// <summary>What a role left; null when it left nothing that can be read.</summary>
    /// <param name="home">Home of the role.</param>
    public static RoleFailure? Read(string home)
    {
        try
        {
            return PrivateFile.ReadJson<RoleFailure>(Path.Combine(home, FileName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Pelago.Model.PelagoException)
        {
            return null; // it explains something; nothing depends on it
        }
    }

    /// <summary>Leaves it for whoever looks. Does nothing where that cannot be written.</summary>
    public void Write(string home)
    {
        try
        {
            PrivateFile.WriteJson(Path.Combine(home, FileName), this);
        }
        catch (Pelago.Model.PelagoException)
        {
            // A full disk may be the very reason; the log has it.
        }
    }

    /// <summary>The role serves: nothing is wrong any more.</summary>
    public static void Clear(string home) => File.Delete(Path.Combine(home, FileName));
}
