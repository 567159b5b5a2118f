using Pelago.Journal;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

// Keys of subjects.
public abstract partial class JournalConformance
{
    [Fact]
    public async Task SubjectKeys_KeptWithTheirSubject_AreReadWithItAfterARestart()
    {
        var (key, other) = (SubjectKeyOf("one", 1), SubjectKeyOf("one", 2));
        await using (var journal = await BeginAsync())
        {
            var lane = await journal.AcquireAsync(key.Subject.Lane);
            await journal.AppendAsync(new LaneBatch
            {
                Lane = lane.Lane, Epoch = lane.Epoch, Rows = [Own(key.Subject, 1, 1)], SubjectKeys = [key],
            });
            await journal.AppendAsync(new LaneBatch { Lane = lane.Lane, Epoch = lane.Epoch, SubjectKeys = [other] });
            await journal.AppendAsync(new LaneBatch { Lane = lane.Lane, Epoch = lane.Epoch, SubjectKeys = [other] });
        }
        await using var again = await fixture.OpenAsync();
        await ShouldHaveKeysAsync(again, key, other);
        (await again.LoadHistoryAsync(key.Subject, Cancelled)).SubjectKeys.Count.ShouldBe(2);
        (await again.CountAsync(null, Cancelled)).SubjectKeys.ShouldBe(2);
        (await again.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    [Fact]
    public async Task SubjectKeys_OfAForgottenSubject_AreGoneAndThoseOfOthersStay()
    {
        var (key, later, other) = (SubjectKeyOf("one", 1), SubjectKeyOf("one", 2), SubjectKeyOf("two", 3));
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(key.Subject.Lane);
        var others = await journal.AcquireAsync(other.Subject.Lane);
        await journal.AppendAsync([
            new LaneBatch { Lane = lane.Lane, Epoch = lane.Epoch, SubjectKeys = [key] },
            new LaneBatch { Lane = others.Lane, Epoch = others.Epoch, SubjectKeys = [other] }], Cancelled);
        await journal.AppendAsync(new LaneBatch
        {
            Lane = lane.Lane, Epoch = lane.Epoch, Rows = [Own(key.Subject, 1, 1)], SubjectKeys = [later],
            ForgottenSubjects = [key.Subject],
        });

        await ShouldHaveKeysAsync(journal, key.Subject);
        await ShouldHaveKeysAsync(journal, other);
        (await journal.CountAsync(null, Cancelled)).SubjectKeys.ShouldBe(1);
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    [Fact]
    public async Task SubjectKeys_OfADeposedOwner_AreNeitherKeptNorDeleted()
    {
        var (key, other) = (SubjectKeyOf("one", 1), SubjectKeyOf("one", 2));
        await using var journal = await BeginAsync();
        var deposed = await journal.AcquireAsync(key.Subject.Lane);
        var lane = await journal.AcquireAsync(key.Subject.Lane);
        await journal.AppendAsync(new LaneBatch { Lane = lane.Lane, Epoch = lane.Epoch, SubjectKeys = [key] });

        foreach (var batch in new[]
        {
            new LaneBatch { Lane = lane.Lane, Epoch = deposed.Epoch, SubjectKeys = [other] },
            new LaneBatch { Lane = lane.Lane, Epoch = deposed.Epoch, ForgottenSubjects = [key.Subject] },
        })
            (await journal.AppendAsync([batch], Cancelled))[0].Outcome.ShouldBe(CommitOutcome.Fenced);

        await ShouldHaveKeysAsync(journal, key);
    }

    private static Task ShouldHaveKeysAsync(IJournal journal, params SubjectKey[] keys)
        => ShouldHaveKeysAsync(journal, keys[0].Subject, keys);

    private static async Task ShouldHaveKeysAsync(
        IJournal journal, Model.EntityKey subject, params SubjectKey[] keys)
    {
        var image = await journal.ImageAsync(subject);
        image.Damage.ShouldBeNull();
        image.SubjectKeys.OrderBy(k => k.Id).Select(k => (k.Id, Convert.ToHexString(k.Key)))
            .ShouldBe(keys.OrderBy(k => k.Id).Select(k => (k.Id, Convert.ToHexString(k.Key))));
        image.SubjectKeys.ShouldAllBe(k => k.IsWhatItsNameSays && k.Subject == subject);
    }
}
