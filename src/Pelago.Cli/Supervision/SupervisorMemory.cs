using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>What a supervisor wrote down about its roles.</summary>
internal static class SupervisorMemory
{
    /// <summary>The roles as written down; none when the file is missing or damaged. It can be found out again: living
    /// roles are recognized by their command line. Forgotten is only which regions were to stay down.</summary>
    public static IReadOnlyList<RoleState> Read(string supervisorHome)
    {
        try
        {
            return PrivateFile.ReadJson<SupervisorState>(
                Path.Combine(supervisorHome, SupervisorState.FileName))?.Roles ?? [];
        }
        catch (PelagoException e) when (e.Failure.Error == ErrorCodes.RoleConfig)
        {
            return [];
        }
    }
}
