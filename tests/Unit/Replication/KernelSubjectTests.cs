using System.Text;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>Keys of subjects as hostile or mistaken peers ask for them and give them.</summary>
public sealed class KernelSubjectTests
{
    private const long Link = 7;
    private const string Subject = "patient-4711";

    [Fact]
    public void Keys_ThatNoEventNames_FindNoPlace()
    {
        var kernel = New();
        for (var i = 0; i < 3_000; i++)
            Give(kernel, KeyOf(Subject, i));
        kernel.Receive(Link, 1, Made(1, KeyOf(Subject, 2_999)));

        kernel.Batches.SelectMany(b => b.SubjectKeys).ShouldHaveSingleItem().Id.ShouldBe(KeyOf(Subject, 2_999).Id);
        kernel.Receive(Link, 2, Made(2, KeyOf(Subject, 0), position: 2));
        kernel.Batches.SelectMany(b => b.SubjectKeys).Count().ShouldBe(1, "a bounded number of early ones is kept");
        kernel.Wait(100).Sent<SubjectKeysAskFrame>(Link).ShouldHaveSingleItem().Names
            .ShouldHaveSingleItem().Id.ShouldBe(KeyOf(Subject, 0).Id);
    }

    [Fact]
    public void Keys_OfAnotherSubjectOrOtherBytes_AreNotTakenForTheOneThatIsMissing()
    {
        var kernel = New().Receive(Link, 1, Made(1, KeyOf(Subject, 1))).Wait(100);
        kernel.Sent<SubjectKeysAskFrame>(Link).ShouldHaveSingleItem();

        Give(kernel, KeyOf("somebody-else", 1));
        Give(kernel, KeyOf(Subject, 2));
        kernel.Batches.SelectMany(b => b.SubjectKeys).ShouldBeEmpty();

        Give(kernel, KeyOf(Subject, 1));
        kernel.Batches.SelectMany(b => b.SubjectKeys).ShouldHaveSingleItem();
        Give(kernel, KeyOf(Subject, 1));
        kernel.Batches.SelectMany(b => b.SubjectKeys).ShouldHaveSingleItem("once is enough");
    }

    [Fact]
    public void Keys_AskedForByWhoMayNotHaveThem_AreNotGiven()
    {
        var key = KeyOf(Subject, 1);
        foreach (var (regions, given) in new[] { ((string[])["a"], 0), (["a", "b"], 1) })
        {
            var kernel = New(o => o with { SubjectKeyRegions = regions });
            Give(kernel, key);
            kernel.Receive(Link, 1, Made(1, key));
            kernel.Accepted(8, "b", givesKeys: true);

            kernel.Give(k => k.Received(8, new SubjectKeysAskFrame([new SubjectKeyName(Subject, key.Id)]), kernel.Now));

            kernel.Sent<SubjectKeysFrame>(8).Count().ShouldBe(given);
        }
    }

    [Fact]
    public void Keys_AskedForByNamesThatNobodyKnows_AreAnsweredByNothing()
    {
        var kernel = New(o => o with { MaxServedSubjectKeys = 64 }).Accepted(8, "b", givesKeys: true);
        kernel.HoldLoads = true;
        for (var i = 0; i < 50; i++)
        {
            var part = i;
            kernel.Give(k => k.Received(8, new SubjectKeysAskFrame([.. Enumerable.Range(0, 64)
                .Select(n => new SubjectKeyName($"s{part}-{n}", default))]), kernel.Now));
        }
        kernel.Asked.OfType<LoadEntity>().Count().ShouldBe(64, "what is read for a flood is bounded");

        kernel.Load().Sent<SubjectKeysFrame>(8).ShouldBeEmpty();
        kernel.Sent<GoodbyeFrame>(8).ShouldBeEmpty();
    }

    [Fact]
    public void Keys_ThatAreMissing_AreAskedForAgainAndAgainWithGrowingPausesAndWithinABound()
    {
        var kernel = New(o => o with { MaxWantedSubjectKeys = 2 });
        for (var i = 1; i <= 3; i++)
            kernel.Receive(Link, (ulong)i, Made((ulong)i, KeyOf(Subject, i), position: (ulong)i));
        kernel.Idle(100, Link);
        kernel.Sent<SubjectKeysAskFrame>(Link).ShouldHaveSingleItem().Names.Count.ShouldBe(2);

        kernel.Idle(60_000, Link);

        kernel.Sent<SubjectKeysAskFrame>(Link).Count().ShouldBeInRange(8, 14);
    }

    [Fact]
    public void Keys_ThatCameBeforeAnyEventOfTheirSubject_AreNotKeptForLong()
    {
        var key = KeyOf(Subject, 1);
        var kernel = New();
        Give(kernel, key);
        kernel.Idle(11_000, Link);

        kernel.Receive(Link, 1, Made(1, key));

        kernel.Batches.SelectMany(b => b.SubjectKeys).ShouldBeEmpty();
    }

    [Fact]
    public void Seal_WhileTheKeyIsNotDurable_WaitsAndNothingIsWrittenWhenItIsLost()
    {
        var kernel = New(o => o with { Secrets = bytes => bytes.AsSpan().Fill(7) });
        kernel.HoldGroups = true;
        kernel.Give(k => k.Submit(Sealing(new EntityKey("text", "first")), kernel.Now));
        kernel.Give(k => k.Submit(Sealing(new EntityKey("text", "second")), kernel.Now));
        kernel.Asked.OfType<AppendGroup>().ShouldHaveSingleItem().Batches.SelectMany(b => b.SubjectKeys)
            .ShouldHaveSingleItem("one key for both");

        kernel.FailGroups = true;
        kernel.Commit();

        (kernel.FailGroups, kernel.HoldGroups) = (false, false);
        kernel.Wait(1_000);
        kernel.Asked.OfType<CommandDone>().Count(d => d.Result.Failure is not null).ShouldBe(2);
        kernel.Appended.ShouldBeEmpty("what was sealed under a key that is lost nobody can read");

        kernel.Give(k => k.Submit(Sealing(new EntityKey("text", "first")), kernel.Now));
        kernel.Appended.Select(e => e.Entity.Type).ShouldBe([SubjectType.Name, "text"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Reply_OfAHandlerThatSealedOrOpened_IsNotRememberedWithItsKey(bool writes)
    {
        var kernel = New(o => o with { Secrets = bytes => bytes.AsSpan().Fill(7) });
        var entity = new EntityKey("text", "first");
        Sealed<string>? member = null;
        Submit("sealed", context =>
        {
            member = context.Seal(Subject, "name", "Ada", Guide.GuestJson.Default.String);
            return "Ada";
        });
        Submit("opened", context => context.Open(member!, Guide.GuestJson.Default.String).Match(n => n, _ => "?"));
        Submit("neither", _ => "Ada");

        var replies = kernel.Batches.SelectMany(b => b.Replies)
            .ToDictionary(r => r.IdempotencyKey, r => Encoding.UTF8.GetString(r.Reply.Span));
        replies.ShouldBe(new Dictionary<string, string> { ["sealed"] = "", ["opened"] = "", ["neither"] = "Ada" },
            ignoreOrder: true);
        kernel.Asked.OfType<CommandDone>().Select(d => d.Result.Value).ShouldBe(["Ada", "Ada", "Ada"]);

        void Submit(string key, Func<CommandContext, string> run) => kernel.Give(k => k.Submit(new CommandRequest
        {
            Entity = entity, Command = "", DeadlineMilliseconds = 9_000, IdempotencyKey = key,
            EncodeReply = (reply, isKept) => isKept ? Encoding.UTF8.GetBytes((string)reply!) : [],
            Handle = (_, _, context) =>
            {
                var said = run(context);
                return new Decision(writes ? ["seen"] : [], _ => said, null, []);
            },
        }, kernel.Now));
    }

    [Fact]
    public void Keys_SentInTheWrongDirection_EndTheLink()
    {
        var key = KeyOf(Subject, 1);
        var kernel = New().Accepted(8, "b", givesKeys: true);
        kernel.Give(k => k.Received(8, new SubjectKeysFrame([key]), kernel.Now));
        kernel.Sent<GoodbyeFrame>(8).ShouldHaveSingleItem().Reason.ShouldBe("protocol");

        kernel = New().Give(k => k.Received(Link, new SubjectKeysAskFrame([new SubjectKeyName("s", key.Id)]),
            new Moment(1_000_000, 1_000)));
        kernel.Sent<GoodbyeFrame>(Link).ShouldHaveSingleItem().Reason.ShouldBe("protocol");
    }

    private static TestKernel New(Func<KernelOptions, KernelOptions>? adjust = null)
        => new TestKernel(["a", "b"], Continuity.Clean, [], [], adjust).Linked(Link, "b", holds: 0, givesKeys: true);

    /// <summary>A command whose event is a box.</summary>
    internal static CommandRequest Sealing(EntityKey entity, string subject = Subject) => new()
    {
        Entity = entity, Command = "", DeadlineMilliseconds = 9_000,
        Handle = (_, _, context) =>
        {
            var member = context.Seal(subject, "name", "Ada", Guide.GuestJson.Default.String);
            return new Decision([Convert.ToBase64String(member.Box.Span)], _ => null, null, []);
        },
    };

    /// <summary>What a query shows of a member that was sealed under the key, or why it cannot.</summary>
    internal static string Open(TestKernel kernel, SubjectKey key)
    {
        var member = new Sealed<string>(
            SealedBox.Seal(key, Entity, A, 1, "name", new byte[SealedBox.NonceBytes], "\"Ada\""u8));
        kernel.Give(k => k.Read(new ReadRequest
        {
            Entity = Entity, DeadlineMilliseconds = kernel.Now.MonotonicMilliseconds + 9_000,
            Project = view => new QueryContext(view.Sealing).Open(member, Guide.GuestJson.Default.String)
                .Match(name => name, why => why.ToString()),
        }, kernel.Now));
        return (string)kernel.Asked.OfType<ReadDone>().Last().Result.Value!;
    }

    private static void Give(TestKernel kernel, SubjectKey key)
        => kernel.Give(k => k.Received(Link, new SubjectKeysFrame([key]), kernel.Now));

    internal static SubjectKey KeyOf(string subject, int number)
    {
        var key = new byte[SubjectKey.KeyBytes];
        BitConverter.TryWriteBytes(key, number);
        return new SubjectKey(SubjectType.KeyOf(subject), SubjectKeyId.Of(subject, key), key);
    }

    internal static EventRecord Made(ulong sequence, SubjectKey key, ulong position = 1, Origin? by = null) => new()
    {
        Entity = key.Subject, Origin = by ?? B, Sequence = sequence, Vector = Saw((by ?? B, sequence)),
        Timestamp = HybridTimestamp.At(1_000 + (long)sequence), PayloadName = "subject-key-made",
        Payload = Encoding.UTF8.GetBytes("{\"key\":\"" + key.Id + "\"}"), OriginPosition = position,
    };
}
