using Pelago.Journal;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Conformance;

/// <summary>A journal of the simulator. A process that dies leaves its disk as it is.</summary>
public sealed class SimulatedFixture : IJournalFixture
{
    private readonly SimulatedDisk disk = new(new Guid("0192f000-0000-7000-8000-000000000001"));

    public Task<IJournal> OpenAsync() => Task.FromResult<IJournal>(new SimulatedJournal(disk));

    public Task CrashAsync(IJournal journal) => Task.CompletedTask;

    public Task<object> CopyAsync() => Task.FromResult<object>(disk.Writes);

    public Task RestoreAsync(object copy)
    {
        disk.RollBack((int)copy);
        return Task.CompletedTask;
    }

    public Task LoseGuardAsync()
    {
        disk.LoseGuard();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>The suite against the simulator's journal.</summary>
public sealed class SimulatedJournalConformance : JournalConformance
{
    protected override IJournalFixture CreateFixture() => new SimulatedFixture();
}
