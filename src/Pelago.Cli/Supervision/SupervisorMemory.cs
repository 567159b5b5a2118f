using Microsoft.Extensions.Logging;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>What a supervisor writes down about its roles. Only the supervisor's turns touch it.</summary>
internal sealed class SupervisorMemory(string supervisorHome, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private Failure? _trouble;
    private long _triedAt;

    /// <summary>The roles as written down; none when the file is missing or damaged. It can be found out again: living
    /// roles are recognized by their command line. Forgotten is only which regions were to stay down.</summary>
    public static IReadOnlyList<RoleState> Read(string supervisorHome)
    {
        try
        {
            return PrivateFile.ReadJson<SupervisorState>(FileIn(supervisorHome))?.Roles ?? [];
        }
        catch (PelagoException e) when (e.Failure.Error == ErrorCodes.RoleConfig)
        {
            return [];
        }
    }

    /// <summary>Writes down what must not be done before it is.</summary>
    /// <exception cref="PelagoException">It cannot be written; what was written before is still there.</exception>
    public void Write(SupervisorState state) => PrivateFile.WriteJson(FileIn(supervisorHome), state);

    /// <summary>Writes down what has happened. Where that cannot be, <see cref="Settle"/> does it later.</summary>
    public void Note(SupervisorState state)
    {
        var before = _trouble;
        _triedAt = time.GetTimestamp();
        try
        {
            Write(state);
            _trouble = null;
            if (before is not null)
                Log.StateSaved(logger);
        }
        catch (PelagoException e)
        {
            _trouble = e.Failure;
            if (_trouble != before)
                Log.StateNotSaved(logger, _trouble.ToString());
        }
    }

    /// <summary>Tries again to write down what could not be, once a second.</summary>
    public void Settle(SupervisorState state)
    {
        if (_trouble is not null && time.GetElapsedTime(_triedAt) >= Pace)
            Note(state);
    }

    private static string FileIn(string supervisorHome) => Path.Combine(supervisorHome, SupervisorState.FileName);
}
