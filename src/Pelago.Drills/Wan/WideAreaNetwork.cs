using Pelago.Client;
using Pelago.Model;

namespace Pelago.Drills;

/// <summary>The emulated wide area network of one world: all links, and what was done to them. A command
/// is persisted before it is answered. Thread-safe.</summary>
public sealed class WideAreaNetwork : IDisposable
{
    private readonly WanConfig _config;
    private readonly string _stateFile;
    private readonly TimeProvider _time;
    private readonly WanOptions _options;
    private readonly LatencyMatrix _matrix;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<(string From, string To), Direction> _directions = [];
    private readonly Dictionary<(string From, string To), double> _setDelays = [];
    private readonly List<Link> _links = [];
    private readonly Pacer _pacer;

    /// <summary>Reads the state and binds every listener.</summary>
    /// <param name="config">Links and profile.</param>
    /// <param name="home">Directory of <c>state.json</c>.</param>
    /// <param name="time">Clock of all delays.</param>
    /// <param name="options">Bounds.</param>
    /// <exception cref="PelagoException">PLG1104 when a port is taken, PLG1109 when the state is damaged.</exception>
    public WideAreaNetwork(WanConfig config, string home, TimeProvider time, WanOptions options)
    {
        (_config, _time, _options) = (config, time, options);
        _stateFile = Path.Combine(home, WanState.FileName);
        _matrix = LatencyMatrix.Named(config.Profile);
        foreach (var link in config.Links)
        {
            AddDirection(link.From, link.To);
            AddDirection(link.To, link.From);
        }
        Restore(PrivateFile.ReadJson<WanState>(_stateFile,
            "Remove it: every link is then as the profile of the network says."));
        _pacer = new Pacer(time);
        try
        {
            foreach (var link in config.Links)
            {
                var (forward, backward) = (_directions[(link.From, link.To)], _directions[(link.To, link.From)]);
                _links.Add(new Link(link, forward, backward, _pacer, time, options));
                _links[^1].Listen();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Serves all links until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken)
        => Task.WhenAll(_links.Select(link => link.RunAsync(cancellationToken)));

    /// <summary>Holds all bytes of these directions back, and new connections with them, until they are
    /// healed.</summary>
    /// <param name="selection">Which.</param>
    /// <param name="dryRun">Only check the selection.</param>
    /// <returns>What is wrong with the selection, or null.</returns>
    public Failure? Cut(WanSelection selection, bool dryRun = false)
    {
        var now = _time.GetUtcNow();
        return Change(selection, dryRun, direction => direction with { CutSince = direction.CutSince ?? now });
    }

    /// <summary>Lets everything travel again.</summary>
    /// <param name="selection">Which directions.</param>
    /// <param name="dryRun">Only check the selection.</param>
    /// <returns>What is wrong with the selection, or null.</returns>
    public Failure? Heal(WanSelection selection, bool dryRun = false)
        => Change(selection, dryRun, direction => direction with { CutSince = null });

    /// <summary>Sets the delay of what is sent from now on.</summary>
    /// <param name="delay">Which directions, and the delay.</param>
    /// <param name="dryRun">Only check both.</param>
    /// <returns>What is wrong with the selection or the delay, or null.</returns>
    public Failure? Set(WanDelay delay, bool dryRun = false)
    {
        if (delay.DelayMs is { } ms && !(ms >= 0 && ms <= _options.MaxDelay.TotalMilliseconds))
        {
            return new Failure(ErrorCodes.InvalidDelay,
                $"A delay is 0 to {_options.MaxDelay.TotalMilliseconds:0} ms.", "Example: --delay-ms 120.", "delayMs");
        }
        return Change(delay.Selection, dryRun, direction => direction with { DelayMs = delay.DelayMs });
    }

    /// <summary>The present state and figures.</summary>
    public WanReport Report()
    {
        lock (_gate)
        {
            return new WanReport(
                _config.Profile,
                [.. _directions.Values.Select(d => new DirectionReport(
                    d.From, d.To, d.Delay.TotalMilliseconds,
                    _matrix.OneWay(d.From, d.To).TotalMilliseconds, d.CutSince))],
                [.. _links.Select(l => l.Report())]);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var link in _links)
            link.Dispose();
        _pacer.Dispose();
    }

    /// <summary>1. Check, 2. write down what shall be, 3. do it: a command that fails has changed nothing.</summary>
    private Failure? Change(WanSelection selection, bool dryRun, Func<DirectionState, DirectionState> change)
    {
        lock (_gate)
        {
            // 1.
            if (Check(selection) is { } failure)
                return failure;
            if (dryRun)
                return null;

            // 2.
            var selected = Selected(selection).ToHashSet();
            var changed = _directions.Values
                .Select(d => (Direction: d, State: selected.Contains(d) ? change(StateOf(d)) : StateOf(d))).ToList();
            try
            {
                Save(changed.Select(c => c.State));
            }
            catch (PelagoException e)
            {
                return e.Failure;
            }

            // 3.
            foreach (var (direction, state) in changed)
                Apply(direction, state);
        }
        foreach (var link in _links)
            link.Revisit();
        return null;
    }

    private Failure? Check(WanSelection selection)
    {
        var ends = _directions.Keys.Select(pair => pair.From).Distinct(StringComparer.Ordinal).ToList();
        foreach (var end in new[] { selection.A, selection.B })
        {
            if (end is not null && !ends.Contains(end))
            {
                return new Failure(ErrorCodes.RegionUnknown, $"region '{end}' does not exist.",
                    $"Regions: {string.Join(", ", ends)}.");
            }
        }
        return selection is { A: not null, B: not null } && !_directions.ContainsKey((selection.A, selection.B))
            ? new Failure(ErrorCodes.LinkUnknown, $"There is no link between '{selection.A}' and '{selection.B}'.",
                "'pelago wan show' lists the links.")
            : null;
    }

    private IEnumerable<Direction> Selected(WanSelection selection)
    {
        bool Matches(string from, string to)
            => (selection.A is null || selection.A == from) && (selection.B is null || selection.B == to);
        return _directions.Values.Where(
            d => Matches(d.From, d.To) || (!selection.OneWay && Matches(d.To, d.From)));
    }

    private void AddDirection(string from, string to)
        => _directions.TryAdd((from, to), new Direction(from, to, _matrix.OneWay(from, to), _time));

    private TimeSpan DelayOf((string From, string To) pair)
        => _setDelays.TryGetValue(pair, out var ms)
            ? TimeSpan.FromMilliseconds(ms)
            : _matrix.OneWay(pair.From, pair.To);

    private void Restore(WanState? state)
    {
        foreach (var saved in state?.Directions ?? [])
        {
            // A direction of a region that has left the world is forgotten.
            if (!_directions.TryGetValue((saved.From, saved.To), out var direction))
                continue;
            Apply(direction, saved);
        }
    }

    private DirectionState StateOf(Direction direction) => new(direction.From, direction.To, direction.CutSince,
        _setDelays.TryGetValue((direction.From, direction.To), out var ms) ? ms : null);

    private void Apply(Direction direction, DirectionState state)
    {
        var pair = (state.From, state.To);
        if (state.DelayMs is { } milliseconds)
            _setDelays[pair] = milliseconds;
        else
            _setDelays.Remove(pair);
        direction.Delay = DelayOf(pair);
        if (state.CutSince is { } since)
            direction.Cut(since);
        else
            direction.Heal();
    }

    private void Save(IEnumerable<DirectionState> directions) => PrivateFile.WriteJson(_stateFile, new WanState(
        [.. directions.Where(direction => direction.CutSince is not null || direction.DelayMs is not null)]));
}
