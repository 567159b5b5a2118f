using Microsoft.Extensions.Logging;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Keeps roles running. It holds nothing that cannot be found again: killed at any moment, its successor finds
/// the same processes. Commands and the loop take turns on one lock.</summary>
/// <remarks>What people want is written down before it is done, so a command that cannot be written down changes
/// nothing. Processes are written down after they were started: one that could not be (the disk is full) is found by
/// its home, so roles are kept running meanwhile, and the state follows as soon as it can.</remarks>
internal sealed class Supervisor : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // Logs and the trust bundle.
    private static readonly TimeSpan FilesPace = TimeSpan.FromSeconds(5);

    private readonly WorldDirectory _world;
    private readonly LogLimits _logLimits;
    private readonly IReadOnlyList<string> _logFiles;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<SupervisedRole> _roles;
    private readonly SupervisorMemory _memory;
    private volatile SupervisorState _state = new([]);

    /// <summary>Adopts what lives of the roles in a home's configuration.</summary>
    public Supervisor(SupervisorConfig config, string home, TimeProvider time, ILogger logger)
    {
        (_time, _logger, _logLimits) = (time, logger, config.Logs);
        var self = new RoleSpec(RoleNames.Supervisor, [], home);
        _logFiles = [.. config.Roles.Append(self).Select(RoleProcesses.LogFile)];
        _memory = new SupervisorMemory(home, time, logger);
        _world = new WorldDirectory(Path.GetDirectoryName(home)!);
        var left = SupervisorMemory.Read(home).ToDictionary(role => role.Name);
        _roles = [.. config.Roles.Select(spec => new SupervisedRole(spec, left.GetValueOrDefault(spec.Name), time))];
        foreach (var role in _roles)
        {
            if (role.IsAlive)
                Log.Adopted(_logger, role.Spec.Name, role.State.Pid);
        }
        NoteState();
    }

    /// <summary>Tends all roles until cancelled; their processes go on.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        var filesSeen = _time.GetTimestamp();
        do
        {
            if (_time.GetElapsedTime(filesSeen) >= FilesPace)
            {
                RotateLogs();
                PublishTrust();
                filesSeen = _time.GetTimestamp();
            }
            await _turn.WaitAsync(cancellationToken);
            try
            {
                foreach (var role in _roles)
                    Tend(role);
                _memory.Settle(_state);
            }
            finally
            {
                _turn.Release();
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>What runs.</summary>
    public SupervisorReport Report() => new(Environment.ProcessId, [.. _state.Roles.Select(RoleReport.Of)]);

    /// <summary>Ends roles with everything that they started; they stay down, also for a successor.</summary>
    /// <exception cref="PelagoException">A role is not known, or what is wanted cannot be written down: nothing has
    /// changed.</exception>
    public async Task<SupervisorReport> StopAsync(RoleCommand command, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var ending = Decide(command, wanted: false).Select(role => (role.Spec, Process: role.DoNotWant())).ToList();
            NoteState();
            await EndAsync(ending, command.Kill, cancellationToken);
            foreach (var (spec, _) in ending)
                Log.Stopped(_logger, spec.Name);
            return Report();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends all roles for good and writes nothing down: there is no place for it any more.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            Log.WorldDeleted(_logger, _world.Root);
            var ending = _roles.Select(role => (role.Spec, Process: role.DoNotWant())).ToList();
            await EndAsync(ending, kill: true, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Starts roles that are down, without a pause.</summary>
    /// <exception cref="PelagoException">As for stopping.</exception>
    public async Task<SupervisorReport> StartAsync(RoleCommand command, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            foreach (var role in Decide(command, wanted: true))
            {
                role.Want();
                Tend(role);
            }
            NoteState();
            return Report();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private async Task EndAsync(
        List<(RoleSpec Spec, ProcessIdentity Process)> ending, bool kill, CancellationToken cancellationToken)
    {
        // Servers last: what runs on one writes its last words there.
        foreach (var together in ending.ToLookup(role => RoleNames.IsServer(role.Spec.Name)).OrderBy(g => g.Key))
        {
            await Task.WhenAll(together.Select(role => RegionProcesses.StopAsync(
                role.Process, role.Spec, kill, _time, cancellationToken)));
        }
    }

    private void Tend(SupervisedRole role)
    {
        try
        {
            var before = role.State;
            if (!role.Tend())
                return;
            NoteState();
            if (before.Pid != 0)
            {
                Log.Ended(_logger, role.Spec.Name, before.Pid,
                    ProcessEnds.Take(before.Pid)?.ToString() ?? "it was adopted, so nobody saw how");
            }
            Log.Started(_logger, role.Spec.Name, role.State.Pid, role.State.Restarts);
        }
        catch (PelagoException e)
        {
            Log.NotStarted(_logger, role.Spec.Name, e.Failure.ToString());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.NotStarted(_logger, role.Spec.Name, PrivateFile.NotWritten(role.Spec.Home, e).ToString());
        }
    }

    private void RotateLogs()
    {
        try
        {
            foreach (var file in _logFiles)
                LogRotation.Rotate(file, _logLimits);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.LogsNotRotated(_logger, e.Message);
        }
    }

    // A federation plane that was started again may have made another bundle than the one that 'up' published. The
    // first one is up's to publish.
    private void PublishTrust()
    {
        try
        {
            if (File.Exists(_world.TrustBundle))
                _world.PublishTrust();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PelagoException)
        {
            Log.TrustNotPublished(_logger, e.Message);
        }
    }

    private IEnumerable<SupervisedRole> Selected(RoleCommand command)
    {
        foreach (var name in command.Roles)
        {
            if (_roles.All(role => role.Spec.Name != name))
            {
                throw new Failure(ErrorCodes.RegionUnknown, $"There is no role '{name}'.",
                    $"Roles: {string.Join(", ", _roles.Select(role => role.Spec.Name))}.").ToException();
            }
        }
        return _roles.Where(role => command.Roles.Count == 0 || command.Roles.Contains(role.Spec.Name));
    }

    /// <summary>Writes down what a command wants of roles, where that is not what they are already.</summary>
    private List<SupervisedRole> Decide(RoleCommand command, bool wanted)
    {
        var selected = Selected(command).ToList();
        if (selected.Any(role => role.Wanted != wanted))
        {
            _memory.Write(new SupervisorState([.. _roles.Select(role
                => selected.Contains(role) ? role.State with { Wanted = wanted } : role.State)]));
        }
        return selected;
    }

    private void NoteState()
    {
        _state = new SupervisorState([.. _roles.Select(role => role.State)]);
        _memory.Note(_state);
    }
}
