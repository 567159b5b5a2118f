using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>Every page of a journal in turn is lost. What is said then has to be true: an entity is parked, part of the
/// journal cannot be used, or nothing that is kept in it runs.</summary>
public sealed class DamagedPageTests : IAsyncDisposable
{
    private const int PageBytes = 4096;
    private const ulong Rows = 60;

    private readonly SqliteFixture fixture = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string DatabasePath => Path.Combine(fixture.DataDirectory, "journal.db");

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task Page_Zeroed_IsSaidAsItIs()
    {
        await WriteAsync();
        var sound = await File.ReadAllBytesAsync(DatabasePath, Cancelled);
        var found = new Dictionary<Found, int>();
        for (var page = 0; page < sound.Length / PageBytes; page++)
        {
            var damaged = (byte[])sound.Clone();
            damaged.AsSpan(page * PageBytes, PageBytes).Clear();
            await LayAsync(damaged);
            foreach (var one in await LookAsync())
                found[one] = found.GetValueOrDefault(one) + 1;
        }
        found.Keys.ShouldBe(Enum.GetValues<Found>(), ignoreOrder: true,
            string.Join(", ", found.Select(f => $"{f.Key} {f.Value}")));
    }

    [Theory]
    [InlineData(5_000)]
    [InlineData(100)]
    public async Task Garbage_InItsPlace_StopsItsOwnerAloneAndNamesItsFolder(int bytes)
    {
        await WriteAsync();
        var garbage = new byte[bytes];
        new Random(3).NextBytes(garbage);
        await LayAsync(garbage);
        (await LookAsync()).ShouldBe([Found.Unusable]);
        (await File.ReadAllBytesAsync(DatabasePath, Cancelled)).ShouldBe(garbage, "what is damaged is left as it is");
    }

    [Fact]
    public async Task Journal_SetAside_BeginsAnotherLife()
    {
        await WriteAsync();
        JournalIdentity before;
        await using (var journal = await fixture.OpenAsync())
            before = journal.Identity;
        Directory.Move(fixture.DataDirectory, fixture.DataDirectory + ".damaged");
        await using var fresh = await fixture.OpenAsync();
        (fresh.Identity.Incarnation, fresh.Identity.Continuity).ShouldBe((null, Continuity.Broken));
        fresh.Identity.JournalId.ShouldNotBe(before.JournalId);
        fresh.Trouble.ShouldBeNull();
    }

    private enum Found
    {
        Nothing, Parked, Partly, Unusable,
    }

    /// <summary>Does with a journal what a runtime does, and says what it was told.</summary>
    private async Task<HashSet<Found>> LookAsync()
    {
        var found = new HashSet<Found>();
        try
        {
            await using var journal = await fixture.OpenAsync(fixture.Options with { Owner = "service demo/shop" });
            await ReadAsync(journal, found);
            await AppendAsync(journal, found);
            if (found.Contains(Found.Partly))
                journal.Trouble.ShouldNotBeNull().Message.ShouldContain("everything else goes on");
            else
                journal.Trouble.ShouldBeNull();
        }
        catch (PelagoException e)
        {
            e.Failure.Error.ShouldBe(ErrorCodes.JournalDamaged, e.Failure.ToString());
            e.Failure.Message.ShouldStartWith($"The journal in '{fixture.DataDirectory}' cannot be used: ");
            e.Failure.Next.ShouldContain("service demo/shop does not run; others go on");
            e.Failure.Next.ShouldContain($"move '{fixture.DataDirectory}' elsewhere");
            found = [Found.Unusable];
        }
        return found.Count == 0 ? [Found.Nothing] : found;
    }

    private static async Task ReadAsync(SqliteJournal journal, HashSet<Found> found)
    {
        foreach (var key in (EntityKey[])[Key(3), Key(3, 1), Key(4)])
        {
            if ((await journal.LoadHistoryAsync(key, Cancelled)).Damage is not { } damage)
                continue;
            damage.Next.ShouldContain("is parked here, everything else goes on");
            found.Add(Found.Parked);
        }
        try
        {
            await journal.ReadLaneAsync(3, 0, null, 1000, 1_000_000, Cancelled);
            await journal.ReadEntitiesAsync(3, 0, 100, Cancelled);
            await journal.ReadConflictsAsync(0, 10, Cancelled);
        }
        catch (PelagoException e)
        {
            e.Failure.Message.ShouldContain("everything else goes on");
            found.Add(Found.Partly);
        }
    }

    private static async Task AppendAsync(SqliteJournal journal, HashSet<Found> found)
    {
        foreach (var number in (int[])[3, 4])
        {
            var lane = await journal.AcquireAsync(number);
            var result = (await journal.AppendAsync([Batch(lane, Own(Key(number, 50), 1, 1))], Cancelled)).Single();
            if (result.Outcome == CommitOutcome.Failed)
                found.Add(Found.Partly);
        }
    }

    private async Task LayAsync(byte[] database)
    {
        foreach (var file in Directory.EnumerateFiles(fixture.DataDirectory))
            File.Delete(file);
        await File.WriteAllBytesAsync(DatabasePath, database, Cancelled);
    }

    private async Task WriteAsync()
    {
        await using var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, Cancelled);
        var lane = await journal.AcquireAsync(3);
        for (ulong i = 1; i <= Rows; i++)
        {
            await journal.AppendAsync(Batch(
                lane, Own(Key(3), i, i, $"{Key(3).Id} {i}"), Own(Key(3, 1), i, i, $"{Key(3, 1).Id} {i}")));
        }
        var other = await journal.AcquireAsync(4);
        for (var i = 0; i < 40; i++)
            await journal.AppendAsync(Batch(other, Own(Key(4, i), 1, 1)));
    }
}
