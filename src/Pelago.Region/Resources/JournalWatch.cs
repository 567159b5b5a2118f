using Pelago.Model;

namespace Pelago.Region;

/// <summary>Joins the journal, which is opened first, and whoever watches it, who needs the runtime on it. What is told
/// before there is a watcher is not lost: a watcher begins by reading everything.</summary>
internal sealed class JournalWatch
{
    private volatile Action<EntityKey, ulong>? _watcher;

    public Action<EntityKey, ulong> Watcher
    {
        set => _watcher = value;
    }

    public void Tell(EntityKey key, ulong row) => _watcher?.Invoke(key, row);
}
