using System.Text;
using System.Text.Json.Nodes;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>Keys of a journal: renewed under load and by age, lost, wrong, and of the first format.</summary>
public abstract class KeyConformance : IAsyncLifetime
{
    private const int Timers = 3; // the schedule's, the guard file's, and the ledger's
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private IStoreFixture fixture = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A fresh place for this kind of journal.</summary>
    protected abstract IStoreFixture CreateFixture();

    public ValueTask InitializeAsync()
    {
        fixture = CreateFixture();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await fixture.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Rekey_UnderLoad_LosesNothingAndOldRowsStayReadable()
    {
        var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        using var enough = new CancellationTokenSource();
        var written = 0ul;
        var load = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested || written < 50)
            {
                await journal.AppendAsync(Batch(lane, Own(Key(3), written + 1, written + 1, $"row {written + 1}")));
                written++;
            }
        }, Cancelled);
        await Eventually.BeTrue(() => Volatile.Read(ref written) > 5, "the load", Patience);
        for (var i = 0; i < 4; i++)
        {
            var before = Volatile.Read(ref written);
            (await journal.RekeyAsync(RekeyScope.DataKey, Cancelled)).DataKey.ShouldBe(i + 3, "2 is the key of ids");
            (await journal.RekeyAsync(RekeyScope.KeyEncryptionKey, Cancelled)).Rewrapped.ShouldBe(i + 3);
            await Eventually.BeTrue(() => Volatile.Read(ref written) > before + 5, "writes go on", Patience);
        }
        await enough.CancelAsync();
        await load;
        await ShouldHoldAsync(journal, (int)written);
        var keys = (await journal.CountAsync(null, Cancelled)).Keys;
        keys.Select(k => k.Number).ShouldBe([1, 3, 4, 5, 6]);
        keys.Sum(k => k.Rows).ShouldBe((long)written);
        keys.ShouldAllBe(k => k.Rows > 0);
        keys.Select(k => k.Kek).Distinct().Count().ShouldBe(1);
        await fixture.CrashAsync(journal);

        await using var again = await fixture.OpenAsync();
        await ShouldHoldAsync(again, (int)written);
        var next = await again.AcquireAsync(3);
        await again.AppendAsync(Batch(next, Own(Key(3), written + 1, written + 1, $"row {written + 1}")));
        (await again.CountAsync(null, Cancelled)).Keys[^1].Rows.ShouldBeGreaterThan(keys[^1].Rows);
    }

    [Fact]
    public async Task Rekey_OfTheKeyEncryptionKey_TouchesNoEventAndNeedsTheOldOneNoMore()
    {
        var journal = await BeginAsync();
        await AppendAsync(journal, 1, 20);
        var (events, old) = (await fixture.EventsAsync(), KekId());

        var renewal = await journal.RekeyAsync(RekeyScope.KeyEncryptionKey, Cancelled);

        renewal.ShouldBe(new KeyRenewal(1, KekId(), 2));
        renewal.Kek.ShouldNotBe(old);
        (await fixture.EventsAsync()).ShouldBe(events);
        await journal.DisposeAsync();
        Change(file => file["Former"] = new JsonArray());
        await using var again = await fixture.OpenAsync();
        await ShouldHoldAsync(again, 20);
    }

    [Fact]
    public async Task Open_KeyLostOrWrong_NamesTheKeyAndWhatToDo()
    {
        var journal = await BeginAsync();
        var before = await File.ReadAllTextAsync(fixture.KeyFile, Cancelled);
        await journal.RekeyAsync(RekeyScope.KeyEncryptionKey, Cancelled);
        await journal.DisposeAsync();
        var (after, renewed) = (await File.ReadAllTextAsync(fixture.KeyFile, Cancelled), KekId());

        await File.WriteAllTextAsync(fixture.KeyFile, before, Cancelled); // an old backup of the file
        (await RefusalAsync()).ShouldSatisfyAllConditions(
            f => f.Error.ShouldBe(ErrorCodes.JournalKeyLost), f => f.Message.ShouldContain($"'{renewed}'"),
            f => f.Next.ShouldContain("Restore"));
        File.Delete(fixture.KeyFile);
        (await RefusalAsync()).ShouldSatisfyAllConditions(
            f => f.Error.ShouldBe(ErrorCodes.JournalKeyLost), f => f.Message.ShouldContain($"'{renewed}'"));
        File.Exists(fixture.KeyFile).ShouldBeFalse("a lost key is not replaced");
        await WriteKeyFileAsync(after);
        Change(file => file["Key"] = Convert.ToBase64String(new byte[32]));
        (await RefusalAsync()).ShouldSatisfyAllConditions(
            f => f.Error.ShouldBe(ErrorCodes.JournalKeyWrong), f => f.Message.ShouldContain($"'{renewed}'"));

        await WriteKeyFileAsync(after);
        await (await fixture.OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task Rekey_WhileTheKeyIsLost_FailsAndTheJournalGoesOn()
    {
        await using var journal = await BeginAsync();
        await AppendAsync(journal, 1, 5);
        var content = await File.ReadAllTextAsync(fixture.KeyFile, Cancelled);
        await File.WriteAllTextAsync(fixture.KeyFile, "{}", Cancelled);
        foreach (var scope in Enum.GetValues<RekeyScope>())
        {
            (await Should.ThrowAsync<PelagoException>(async () => await journal.RekeyAsync(scope, Cancelled)))
                .Failure.Error.ShouldBe(ErrorCodes.JournalKeyFile);
        }
        await AppendAsync(journal, 6, 10);
        await WriteKeyFileAsync(content);
        (await journal.RekeyAsync(RekeyScope.DataKey, Cancelled)).DataKey.ShouldBe(3);
        await AppendAsync(journal, 11, 15);

        File.Delete(fixture.KeyFile); // lost for good; what is in memory is wrapped under a new one
        (await journal.RekeyAsync(RekeyScope.KeyEncryptionKey, Cancelled)).Rewrapped.ShouldBe(3);
        await journal.DisposeAsync();
        await using var again = await fixture.OpenAsync();
        await ShouldHoldAsync(again, 15);
    }

    [Fact]
    public async Task Rekey_ProcessDiesAtAnyStep_LeavesAJournalThatOpens()
    {
        // The store is seen as it lies there whenever the key-encryption key is asked, and after the end.
        var images = new List<object>();
        var kek = new WatchedKek(new FileKeyEncryption(fixture.KeyFile));
        var journal = await fixture.OpenAsync(kek, 0);
        await journal.OpenIncarnationAsync(Here, Cancelled);
        await AppendAsync(journal, 1, 10);
        kek.Asked = async () => images.Add(await fixture.CopyAsync());
        await journal.RekeyAsync(RekeyScope.DataKey, Cancelled);
        images.Add(await fixture.CopyAsync());
        await journal.RekeyAsync(RekeyScope.KeyEncryptionKey, Cancelled);
        images.Add(await fixture.CopyAsync());
        kek.Asked = () => Task.CompletedTask;
        await journal.DisposeAsync();
        images.Count.ShouldBe(1 + 1 + 1 + (3 * 2) + 1);

        foreach (var image in images)
        {
            await fixture.RestoreAsync(image);
            await using var again = await fixture.OpenAsync();
            await ShouldHoldAsync(again, 10);
            await again.RekeyAsync(RekeyScope.DataKey, Cancelled);
            await AppendAsync(again, 11, 12);
            await ShouldHoldAsync(again, 12);
        }
    }

    [Fact]
    public async Task Dump_AfterRotationOfBoth_ShowsNothingOfAnybody()
    {
        const string marker = "zxqv-secret-7f3a";
        var journal = await BeginAsync();
        var key = Enumerable.Range(0, 1000)
            .Select(i => new EntityKey($"type-{marker}", $"id-{marker}-{i}")).First(k => k.Lane == 3);
        var lane = await journal.AcquireAsync(3);
        for (ulong i = 1; i <= 3; i++)
        {
            var e = new EventRecord
            {
                Entity = key, Origin = Here, Sequence = i, Vector = VersionVector.Empty.With(Here, i),
                Timestamp = new HybridTimestamp(i), Tags = [marker], TraceParent = marker, IdempotencyKey = marker,
                PayloadName = $"name-{marker}", Payload = Encoding.UTF8.GetBytes(marker),
            };
            await journal.AppendAsync(new LaneBatch
            {
                Lane = 3, Epoch = lane.Epoch, Rows = [new EventRow(e, i, true)],
                Replies = [new RememberedReply(key, $"{marker}{i}", Encoding.UTF8.GetBytes(marker))],
                Snapshots = [new EntitySnapshot(key, i, Encoding.UTF8.GetBytes(marker))],
                Conflicts = [new ConflictRecord(key, ConflictKind.Fork, There, i, 1, marker)],
            });
            await journal.RekeyAsync(RekeyScope.DataKey, Cancelled);
            await journal.RekeyAsync(RekeyScope.KeyEncryptionKey, Cancelled);
        }
        await journal.DisposeAsync();

        var dump = await fixture.DumpAsync();

        dump.Length.ShouldBeGreaterThan(1_000);
        var hex = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(marker)));
        foreach (var text in (byte[][])[Encoding.UTF8.GetBytes(marker), Encoding.Unicode.GetBytes(marker), hex])
            dump.AsSpan().IndexOf(text).ShouldBe(-1);
        await using var again = await fixture.OpenAsync();
        (await again.ImageAsync(key)).Replies.Count.ShouldBe(3);
    }

    [Fact]
    public async Task SubjectKeys_KeysRenewedAndTheOldOneGone_StayReadable()
    {
        var (key, later) = (SubjectKeyOf("one", 1), SubjectKeyOf("one", 2));
        var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(key.Subject.Lane);
        await journal.AppendAsync(new LaneBatch { Lane = lane.Lane, Epoch = lane.Epoch, SubjectKeys = [key] });
        await journal.RekeyAsync(RekeyScope.DataKey, Cancelled);
        await journal.RekeyAsync(RekeyScope.KeyEncryptionKey, Cancelled);
        await journal.AppendAsync(new LaneBatch { Lane = lane.Lane, Epoch = lane.Epoch, SubjectKeys = [later] });
        await journal.DisposeAsync();
        Change(file => file["Former"] = new JsonArray());

        await using var again = await fixture.OpenAsync();
        (await again.ImageAsync(key.Subject)).SubjectKeys.Select(k => k.Key[0]).Order().ShouldBe([(byte)1, (byte)2]);
        (await again.CountAsync(null, Cancelled)).Keys.ShouldAllBe(k => k.Records > 0);
    }

    [Fact]
    public async Task Dump_OfSubjects_ShowsNeitherWhoTheyAreNorTheirKeys()
    {
        const string marker = "zxqv-subject-7f3a";
        var key = SubjectKeyOf(marker, 0xA7);
        var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(key.Subject.Lane);
        var box = SealedBox.Seal(key, Key(3), Here, 1, "name", new byte[12], Encoding.UTF8.GetBytes(marker));
        await journal.AppendAsync(new LaneBatch
        {
            Lane = lane.Lane, Epoch = lane.Epoch, SubjectKeys = [key],
            Rows = [Own(key.Subject, 1, 1, key.Id.ToString()), Own(key.Subject, 2, 2, Convert.ToBase64String(box))],
        });
        await journal.DisposeAsync();

        var dump = await fixture.DumpAsync();

        dump.Length.ShouldBeGreaterThan(1_000);
        foreach (var secret in (byte[][])[Encoding.UTF8.GetBytes(marker), key.Key[..16], key.Id.ToBytes(), box[..20],
            Encoding.UTF8.GetBytes(SubjectType.Name)])
        {
            dump.AsSpan().IndexOf(secret).ShouldBe(-1);
            dump.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(secret))).ShouldBe(-1);
            dump.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Convert.ToBase64String(secret)[..^4])).ShouldBe(-1);
        }
    }

    [Fact]
    public async Task SubjectKeys_JournalOfBeforeThereWereAny_IsBroughtUpToDate()
    {
        var key = SubjectKeyOf("one", 1);
        var journal = await BeginAsync();
        await AppendAsync(journal, 1, 5);
        await journal.DisposeAsync();
        await fixture.WithoutSubjectKeysAsync();

        await using var again = await fixture.OpenAsync();
        await ShouldHoldAsync(again, 5);
        (await again.ImageAsync(key.Subject)).SubjectKeys.ShouldBeEmpty();
        var lane = await again.AcquireAsync(key.Subject.Lane);
        await again.AppendAsync(new LaneBatch { Lane = lane.Lane, Epoch = lane.Epoch, SubjectKeys = [key] });
        (await again.ImageAsync(key.Subject)).SubjectKeys.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task DataKey_OfAge_IsRenewedWhileTheJournalRunsAndWhenItOpens()
    {
        var clock = new FakeClock();
        fixture.Clock = clock;
        var kek = new FileKeyEncryption(fixture.KeyFile);
        var journal = await fixture.OpenAsync(kek, 10);
        await Eventually.BeTrue(() => clock.ArmedTimers == Timers, "the schedule sleeps", Patience);
        clock.Advance(TimeSpan.FromDays(9));
        (await KeysAsync(journal)).ShouldBe(1);
        clock.Advance(TimeSpan.FromDays(1));
        await Eventually.BeTrue(async () => await KeysAsync(journal) == 2, "a new key", Patience);
        await Eventually.BeTrue(() => clock.ArmedTimers == Timers, "the schedule sleeps again", Patience);
        await journal.DisposeAsync();
        clock.ArmedTimers.ShouldBe(0);

        clock.Advance(TimeSpan.FromDays(9));
        journal = await fixture.OpenAsync(kek, 10);
        await Eventually.BeTrue(() => clock.ArmedTimers == Timers, "the schedule sleeps", Patience);
        (await KeysAsync(journal)).ShouldBe(2, "it is not of age");
        await journal.DisposeAsync();
        clock.Advance(TimeSpan.FromDays(100));
        await using var never = await fixture.OpenAsync(kek, 0);
        (await KeysAsync(never)).ShouldBe(2);
        await never.DisposeAsync();
        await using var again = await fixture.OpenAsync(kek, 10);
        await Eventually.BeTrue(async () => await KeysAsync(again) == 3, "a new key", Patience);
    }

    [Fact]
    public async Task Journal_OfTheFirstFormat_OpensAndGetsAKeyWhoseAgeIsKnown()
    {
        fixture.Clock = new FakeClock(DateTimeOffset.UnixEpoch);
        var kek = new FileKeyEncryption(fixture.KeyFile);
        var journal = await fixture.OpenAsync(kek, 0);
        await journal.OpenIncarnationAsync(Here, Cancelled);
        await AppendAsync(journal, 1, 10);
        await journal.DisposeAsync();
        await fixture.DowngradeAsync();

        fixture.Clock = TimeProvider.System;
        await using var again = await fixture.OpenAsync(kek, 90);
        await ShouldHoldAsync(again, 10);
        await Eventually.BeTrue(async () => await KeysAsync(again) == 2, "a new key", Patience);
        (await again.RekeyAsync(RekeyScope.KeyEncryptionKey, Cancelled)).Rewrapped.ShouldBe(3);
        await AppendAsync(again, 11, 12);
        await again.DisposeAsync();
        await using var third = await fixture.OpenAsync(kek, 90);
        await ShouldHoldAsync(third, 12);
        (await KeysAsync(third)).ShouldBe(2);
    }

    private static async Task<int> KeysAsync(IJournal journal)
        => (await journal.CountAsync(null, Cancelled)).Keys.Count;

    private async Task<IJournal> BeginAsync()
    {
        var journal = await fixture.OpenAsync(new FileKeyEncryption(fixture.KeyFile), 0);
        await journal.OpenIncarnationAsync(Here, Cancelled);
        return journal;
    }

    private static async Task AppendAsync(IJournal journal, ulong from, ulong to)
    {
        var lane = await journal.AcquireAsync(3);
        for (var i = from; i <= to; i++)
            await journal.AppendAsync(Batch(lane, Own(Key(3), i, i, $"row {i}")));
    }

    private static async Task ShouldHoldAsync(IJournal journal, int rows)
    {
        var image = await journal.ImageAsync(Key(3));
        image.Damage.ShouldBeNull();
        image.Rows.Select(r => Encoding.UTF8.GetString(r.Event.Payload.Span))
            .ShouldBe(Enumerable.Range(1, rows).Select(i => $"row {i}"));
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    private async Task<Failure> RefusalAsync()
        => (await Should.ThrowAsync<PelagoException>(fixture.OpenAsync)).Failure;

    private string KekId() => (string)JsonNode.Parse(File.ReadAllText(fixture.KeyFile))!["Id"]!;

    private void Change(Action<JsonObject> change)
    {
        var file = JsonNode.Parse(File.ReadAllText(fixture.KeyFile))!.AsObject();
        change(file);
        File.WriteAllText(fixture.KeyFile, file.ToJsonString());
    }

    private async Task WriteKeyFileAsync(string content)
    {
        await File.WriteAllTextAsync(fixture.KeyFile, content, Cancelled);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(fixture.KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Tells when it is asked, before it answers.</summary>
    private sealed class WatchedKek(IKeyEncryption inner) : IKeyEncryption
    {
        public Func<Task> Asked { get; set; } = () => Task.CompletedTask;

        public async ValueTask<KeyReply> ApplyAsync(KeyRequest request, CancellationToken cancellationToken)
        {
            await Asked();
            return await inner.ApplyAsync(request, cancellationToken);
        }
    }
}
