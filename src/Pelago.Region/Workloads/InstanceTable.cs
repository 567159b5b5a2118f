using System.Collections.Immutable;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>The instances that this region started. Every change is on the disk before the call returns; readers see
/// immutable snapshots.</summary>
internal sealed class InstanceTable
{
    private readonly RegionHome _home;
    private readonly Lock _gate = new();
    private volatile ImmutableSortedDictionary<string, InstanceState> _instances;

    private InstanceTable(RegionHome home, ImmutableSortedDictionary<string, InstanceState> instances)
        => (_home, _instances) = (home, instances);

    public ImmutableSortedDictionary<string, InstanceState> Instances => _instances;

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
        table.Write(table._instances);
        return table;
    }

    /// <summary>Adds or replaces an instance.</summary>
    public void Put(InstanceState instance) => Change(instances => instances.SetItem(instance.Id, instance));

    /// <summary>Changes an instance if it is there.</summary>
    /// <returns>The changed instance, or null.</returns>
    public InstanceState? Update(string id, Func<InstanceState, InstanceState?> change)
    {
        InstanceState? changed = null;
        Change(instances => instances.TryGetValue(id, out var found) && (changed = change(found)) is not null
            ? instances.SetItem(id, changed)
            : instances);
        return changed;
    }

    /// <summary>Removes an instance.</summary>
    public void Remove(string id) => Change(instances => instances.Remove(id));

    private void Change(
        Func<ImmutableSortedDictionary<string, InstanceState>, ImmutableSortedDictionary<string, InstanceState>> change)
    {
        lock (_gate)
        {
            var next = change(_instances);
            if (ReferenceEquals(next, _instances))
                return;
            Write(next);
            _instances = next;
        }
    }

    private void Write(ImmutableSortedDictionary<string, InstanceState> instances)
    {
        // The region's own file first: what others read never names a process that this region would not know of.
        PrivateFile.WriteJson(_home.WorkloadsFile, new WorkloadsRecord([.. instances.Values]));
        PrivateFile.WriteJson(_home.InstancesFile,
            new InstancesFile([.. instances.Values.Where(i => i.Process.Pid > 0).Select(i => i.ToRecord())]));
    }
}
