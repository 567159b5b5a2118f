using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>What the files hold of keys that were deleted: nothing.</summary>
public sealed class ForgettingTests : IAsyncDisposable
{
    private const int Subjects = 400, Lane = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly SqliteFixture fixture = new();

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task Files_OnceSubjectsAreForgotten_HaveNoByteOfTheirKeys()
    {
        await using var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, TestContext.Current.CancellationToken);
        var lane = await journal.AcquireAsync(Lane);
        var keys = Enumerable.Range(0, int.MaxValue).Select(KeyOf).Where(k => k.Subject.Lane == Lane).Take(Subjects)
            .ToArray();
        foreach (var some in keys.Chunk(20))
            await journal.AppendAsync(new LaneBatch { Lane = Lane, Epoch = lane.Epoch, SubjectKeys = some });
        var boxes = Boxes();
        boxes.Count.ShouldBe(Subjects);
        (await LeftAsync(boxes)).ShouldBe(Subjects, "they are found where they are");

        using (var reader = Database.Open(DatabasePath, create: false, 1024))
        {
            reader.Execute("BEGIN");
            reader.Number("SELECT count(*) FROM subject_key").ShouldBe(Subjects);
            foreach (var some in keys.Chunk(20))
                await journal.AppendAsync(new LaneBatch
                {
                    Lane = Lane, Epoch = lane.Epoch, ForgottenSubjects = [.. some.Select(k => k.Subject)],
                });
        } // nobody waited for it
        await Eventually.BeTrue(async () => await LeftAsync(boxes) == 0, "no key in any file", Patience);
    }

    [Fact]
    public async Task Files_OfAProcessThatDiedRightAfterAForgetting_HaveNoByteOfTheKeyOnceItIsOpenedAgain()
    {
        var key = Enumerable.Range(0, int.MaxValue).Select(KeyOf).First(k => k.Subject.Lane == Lane);
        var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, TestContext.Current.CancellationToken);
        var lane = await journal.AcquireAsync(Lane);
        await journal.AppendAsync(new LaneBatch { Lane = Lane, Epoch = lane.Epoch, SubjectKeys = [key] });
        var boxes = Boxes();
        using (var reader = Database.Open(DatabasePath, create: false, 1024))
        {
            reader.Execute("BEGIN");
            reader.Number("SELECT count(*) FROM subject_key").ShouldBe(1);
            await journal.AppendAsync(new LaneBatch
            {
                Lane = Lane, Epoch = lane.Epoch, ForgottenSubjects = [key.Subject],
            });
            await fixture.CrashAsync(journal); // its log could not be cut
        }
        (await LeftAsync(boxes)).ShouldBe(1);

        await using var again = await fixture.OpenAsync();
        (await LeftAsync(boxes)).ShouldBe(0);
    }

    private string DatabasePath => Path.Combine(fixture.DataDirectory, "journal.db");

    private List<byte[]> Boxes()
    {
        var found = new List<byte[]>();
        using var database = Database.Open(DatabasePath, create: false, 1024);
        using var once = database.Once("SELECT sealed FROM subject_key", out var select);
        while (select.Step())
            found.Add(select.Blob(0).ToArray());
        return found;
    }

    private async Task<int> LeftAsync(List<byte[]> boxes)
    {
        var files = await fixture.DumpAsync();
        return boxes.Count(box => files.AsSpan().IndexOf(box) >= 0);
    }

    private static SubjectKey KeyOf(int number)
    {
        var key = new byte[SubjectKey.KeyBytes];
        BitConverter.TryWriteBytes(key, number);
        var subject = $"person-{number}";
        return new SubjectKey(SubjectType.KeyOf(subject), SubjectKeyId.Of(subject, key), key);
    }
}
