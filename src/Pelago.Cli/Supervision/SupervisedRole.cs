using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>One role under supervision. Only the supervisor's loop touches it.</summary>
internal sealed class SupervisedRole
{
    private readonly Backoff _backoff;
    private ProcessIdentity _process;
    private int _restarts;

    /// <summary>Takes over what a predecessor left.</summary>
    public SupervisedRole(RoleSpec spec, RoleState? left, TimeProvider time)
    {
        (Spec, _backoff) = (spec, new Backoff(time));
        Wanted = left?.Wanted ?? true;
        _restarts = left?.Restarts ?? 0;
        _process = left is null ? default : new ProcessIdentity(left.Pid, left.StartTime);
        if (!_process.IsAlive)
            _process = RoleProcesses.Find(spec) ?? _process;
        if (_process.IsAlive)
            _backoff.Started();
    }

    public RoleSpec Spec { get; }

    /// <summary>Whether it shall run.</summary>
    public bool Wanted { get; private set; }

    public RoleState State => new(Spec.Name, Wanted, _process.Pid, _process.StartTime, _restarts);

    public bool IsAlive => _process.IsAlive;

    /// <summary>Starts it when it shall run, does not, and its pause is over.</summary>
    /// <returns>Whether it was started.</returns>
    public bool Tend()
    {
        if (!Wanted || _process.IsAlive || !_backoff.MayStart)
            return false;
        _backoff.Started();
        var started = RoleProcesses.Start(Spec);
        if (_process.Pid != 0)
            _restarts++;
        _process = started;
        return true;
    }

    /// <summary>It shall run from now on.</summary>
    public void Want()
    {
        if (!Wanted)
            (_restarts, _process) = (0, default);
        Wanted = true;
        _backoff.Forget();
    }

    /// <summary>It shall not run; its process is to be ended by the caller.</summary>
    public ProcessIdentity DoNotWant()
    {
        Wanted = false;
        return _process;
    }
}

/// <summary>A role as the supervisor's control interface shows it.</summary>
/// <param name="Name">Name of the role.</param>
/// <param name="Pid">Its living process, or 0.</param>
/// <param name="Wanted"><c>Running</c> or <c>Stopped</c>: what it shall be.</param>
/// <param name="Restarts">How often it was started again.</param>
public sealed record RoleReport(string Name, int Pid, string Wanted, int Restarts)
{
    /// <summary>It shall run.</summary>
    public const string Running = "Running";

    /// <summary>It shall stay down.</summary>
    public const string Stopped = "Stopped";

    /// <summary>What is recorded, with the pid only while that process lives.</summary>
    public static RoleReport Of(RoleState state)
    {
        var process = new ProcessIdentity(state.Pid, state.StartTime);
        return new RoleReport(
            state.Name, process.IsAlive ? state.Pid : 0, state.Wanted ? Running : Stopped, state.Restarts);
    }
}

/// <summary>Everything under supervision.</summary>
public sealed record SupervisorReport(int Pid, IReadOnlyList<RoleReport> Roles);

/// <summary>Which roles to stop or start.</summary>
/// <param name="Roles">Names; empty for all.</param>
/// <param name="Kill">SIGKILL at once instead of asking first.</param>
public sealed record RoleCommand(IReadOnlyList<string> Roles, bool Kill);
