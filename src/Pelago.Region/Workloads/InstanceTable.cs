using System.Collections.Immutable;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>The instances that this region started; readers see immutable snapshots.</summary>
/// <remarks>What this region is about to do (<see cref="Put"/>, <see cref="Update"/>) is on the disk before the call
/// returns, or was not taken. What has happened (<see cref="Note"/>, <see cref="Remove"/>) counts even while the disk
/// takes nothing, and is written as soon as it does: a pid that is not on the disk is found by the id that is, and an
/// instance that has ended is seen to have ended.</remarks>
internal sealed class InstanceTable
{
    private readonly RegionHome _home;
    private readonly Lock _gate = new();
    private volatile ImmutableSortedDictionary<string, InstanceState> _instances;
    private volatile Failure? _unsaved;

    private InstanceTable(RegionHome home, ImmutableSortedDictionary<string, InstanceState> instances)
        => (_home, _instances) = (home, instances);

    public ImmutableSortedDictionary<string, InstanceState> Instances => _instances;

    /// <summary>Why the last change is not on the disk; null when it is.</summary>
    public Failure? Unsaved => _unsaved;

    /// <summary>Reads what an earlier process left. A start that it did not finish is looked for among the processes:
    /// it is either found, or it never was.</summary>
    public static InstanceTable Open(RegionHome home)
    {
        var record = PrivateFile.ReadJson<WorkloadsRecord>(home.WorkloadsFile,
            "Remove it: the region ends the instances that it does not know of, and starts others with their data.")
            ?? new WorkloadsRecord([]);
        var instances = ImmutableSortedDictionary.CreateBuilder<string, InstanceState>(StringComparer.Ordinal);
        foreach (var instance in record.Instances)
        {
            var found = instance.Process.Pid > 0 ? instance.Process : OrphanSearch.Find(instance.Id);
            if (found is { } process)
                instances[instance.Id] = instance with { Process = process };
        }
        var table = new InstanceTable(home, instances.ToImmutable());
        table.TryWrite(table._instances);
        return table;
    }

    /// <summary>Adds or replaces an instance.</summary>
    /// <exception cref="PelagoException">It cannot be written; nothing has changed.</exception>
    public void Put(InstanceState instance)
        => Change(instances => instances.SetItem(instance.Id, instance), mustBeSaved: true);

    /// <summary>Changes an instance if it is there.</summary>
    /// <returns>The changed instance, or null.</returns>
    /// <exception cref="PelagoException">It cannot be written; nothing has changed.</exception>
    public InstanceState? Update(string id, Func<InstanceState, InstanceState?> change)
        => Change(id, change, mustBeSaved: true);

    /// <summary>Notes what has happened to an instance, if it is there.</summary>
    /// <returns>The changed instance, or null.</returns>
    public InstanceState? Note(string id, Func<InstanceState, InstanceState?> change)
        => Change(id, change, mustBeSaved: false);

    /// <summary>Removes an instance that has ended.</summary>
    public void Remove(string id) => Change(instances => instances.Remove(id), mustBeSaved: false);

    /// <summary>Writes what could not be written before.</summary>
    public void Settle()
    {
        lock (_gate)
        {
            if (_unsaved is not null)
                TryWrite(_instances);
        }
    }

    private InstanceState? Change(string id, Func<InstanceState, InstanceState?> change, bool mustBeSaved)
    {
        InstanceState? changed = null;
        Change(instances => instances.TryGetValue(id, out var found) && (changed = change(found)) is not null
            ? instances.SetItem(id, changed)
            : instances, mustBeSaved);
        return changed;
    }

    private void Change(
        Func<ImmutableSortedDictionary<string, InstanceState>, ImmutableSortedDictionary<string, InstanceState>> change,
        bool mustBeSaved)
    {
        lock (_gate)
        {
            var next = change(_instances);
            if (ReferenceEquals(next, _instances))
                return;
            if (mustBeSaved)
                Write(next);
            else
                TryWrite(next);
            _instances = next;
        }
    }

    private void TryWrite(ImmutableSortedDictionary<string, InstanceState> instances)
    {
        try
        {
            Write(instances);
        }
        catch (PelagoException e)
        {
            _unsaved = e.Failure;
        }
    }

    private void Write(ImmutableSortedDictionary<string, InstanceState> instances)
    {
        // The region's own file first: what others read never names a process that this region would not know of.
        PrivateFile.WriteJson(_home.WorkloadsFile, new WorkloadsRecord([.. instances.Values]));
        PrivateFile.WriteJson(_home.InstancesFile,
            new InstancesFile([.. instances.Values.Where(i => i.Process.Pid > 0).Select(i => i.ToRecord())]));
        _unsaved = null;
    }
}
