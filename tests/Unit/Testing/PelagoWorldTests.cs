using System.Text;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Unit.Testing;

public sealed class PelagoWorldTests
{
    private static readonly string[] Three = ["eu", "us", "ap"];

    [Fact]
    public void World_RegionsWriteDuringACut_ConvergeAfterwards()
    {
        using var world = PelagoWorld.Create(Three);
        world.Region("eu").Get<Till>("t").Send(new Pay(10)).ShouldBe(10);
        world.Converged();

        world.Isolate("ap");
        world.Region("eu").Get<Till>("t").Send(new Pay(5)).ShouldBe(15);
        world.Region("ap").Get<Till>("t").Send(new Pay(7)).ShouldBe(17);
        world.Run(TimeSpan.FromSeconds(5));
        world.Region("us").Get<Till>("t").Read().Money.ShouldBe(15);

        world.Heal();
        world.Converged().ToString().ShouldMatch(@"^3 regions hold the same 3 events of 1 entity, after [\d.]+ s\.$");
        world.Regions.Select(r => r.Get<Till>("t").Read().Money).ShouldBe([22, 22, 22]);
    }

    [Fact]
    public void World_BothSidesSpendTheSameMoney_TheLedgerOfEachNamesTheRefusal()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.Region("eu").Get<Till>("t").Send(new Pay(10));
        world.Converged();

        world.Cut("eu", "us");
        world.Region("eu").Get<Till>("t").Send(new Pay(-8)).ShouldBe(2);
        world.Region("us").Get<Till>("t").Send(new Pay(-8)).ShouldBe(2);
        world.Heal();
        world.Converged();

        foreach (var region in world.Regions)
        {
            region.Get<Till>("t").Read().Money.ShouldBe(2);
            region.Conflicts.ShouldHaveSingleItem().Reason.ShouldBe("not enough money");
        }
    }

    [Fact]
    public void World_AtTheSameMoment_RequestsDoNotKnowOfEachOther()
    {
        using var world = PelagoWorld.Create("eu", "us");

        var here = world.Region("eu").Get<Till>("t").Begin(new Pay(1));
        var there = world.Region("us").Get<Till>("t").Begin(new Pay(2));

        here.IsDone.ShouldBeFalse();
        (here.Value, there.Value).ShouldBe((1, 2));
        world.Converged();
        world.Region("eu").Get<Till>("t").Read().Money.ShouldBe(3);
    }

    [Fact]
    public void World_OneDirectionCut_TheOtherWorks()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.CutOneWay("eu", "us");
        world.Region("eu").Get<Till>("t").Send(new Pay(1));
        world.Region("us").Get<Till>("t").Send(new Pay(2));

        world.Run(TimeSpan.FromSeconds(1));

        world.Region("eu").Get<Till>("t").Read().Money.ShouldBe(3);
        world.Region("us").Get<Till>("t").Read().Money.ShouldBe(2);
    }

    [Fact]
    public void World_Latency_IsHowLongAnEventTakes()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.Latency("eu", "us", TimeSpan.FromMilliseconds(400));
        world.Region("eu").Get<Till>("t").Send(new Pay(1));
        var written = world.Elapsed;

        world.RunUntil(() => world.Region("us").Get<Till>("t").Read().Money == 1, TimeSpan.FromSeconds(5));

        (world.Elapsed - written).TotalMilliseconds.ShouldBeInRange(400, 600);
    }

    [Fact]
    public void Client_AsksAnotherRegion_ReadsWhatItWrote()
    {
        using var world = PelagoWorld.Create("eu", "us");
        var ada = world.Client();

        ada.At("eu").Get<Till>("t").Send(new Pay(3));

        world.Region("us").Get<Till>("t").Read().Money.ShouldBe(0, "without the token nothing waits");
        ada.At("us").Get<Till>("t").Read().Money.ShouldBe(3);
    }

    [Fact]
    public void Client_RegionItWroteInIsCutOff_IsToldAtTheDeadline()
    {
        using var world = PelagoWorld.Create("eu", "us");
        var ada = world.Client();
        ada.At("eu").Get<Till>("t").Send(new Pay(3));
        world.Cut("eu", "us");
        var asked = world.Elapsed;

        var reply = ada.At("us").Get<Till>("t").TryRead(new() { Deadline = TimeSpan.FromSeconds(2) });

        reply.Failure!.Error.ShouldBe(ErrorCodes.TokenNotReached);
        (world.Elapsed - asked).TotalMilliseconds.ShouldBeInRange(2_000, 2_200);
    }

    [Fact]
    public void Command_RetriedInAnotherRegionWithItsKey_CountsOnce()
    {
        using var world = PelagoWorld.Create(Three);
        world.Isolate("eu");
        RequestOptions order = new() { IdempotencyKey = "order-7" };

        world.Region("eu").Get<Till>("t").Send(new Pay(5), order);
        world.Region("us").Get<Till>("t").Send(new Pay(5), order);
        world.Heal();
        world.Converged();

        world.Regions.Select(r => r.Get<Till>("t").Read().Money).ShouldBe([5, 5, 5]);
        world.Region("ap").Conflicts.ShouldHaveSingleItem().Kind.ShouldBe(ConflictKind.Deduplicated);
    }

    [Fact]
    public void Crash_BeforeTheAnswer_IsAFailureAndARetryCountsOnce()
    {
        using var world = PelagoWorld.Create("eu", "us");
        RequestOptions order = new() { IdempotencyKey = "order-7" };
        var pending = world.Region("eu").Get<Till>("t").Begin(new Pay(5), order);

        world.Crash("eu");

        pending.Reply.Failure!.Error.ShouldBe(ErrorCodes.InstanceFailed);
        world.Region("eu").IsUp.ShouldBeFalse();
        var refused = world.Region("eu").Get<Till>("t").TrySend(new Pay(1)).Failure!;
        refused.Error.ShouldBe(ErrorCodes.NoReadyInstance);
        refused.Message.ShouldBe("Region 'eu' is down since 1.000 s.");
        refused.Next.ShouldBe("""world.Restart("eu") starts it.""");
        world.Restart("eu");
        world.Region("eu").Get<Till>("t").Send(new Pay(5), order);
        world.Converged();
        world.Region("us").Get<Till>("t").Read().Money.ShouldBe(5);
    }

    [Fact]
    public void Restart_AfterACrash_KeepsWhatWasAcknowledged()
    {
        using var world = PelagoWorld.Create("eu");
        world.Region("eu").Get<Till>("t").Send(new Pay(5));

        world.Crash("eu");
        world.Restart("eu");

        world.Region("eu").Get<Till>("t").Read().Money.ShouldBe(5);
    }

    [Fact]
    public void ClockSkew_OfHours_IsCorrectedAndNamed()
    {
        using var world = PelagoWorld.Create(Three);
        world.Region("ap").ClockSkew = TimeSpan.FromHours(3);
        world.Run(TimeSpan.FromSeconds(5));
        var token = world.Region("ap").Get<Till>("t").TrySend(new Pay(1)).Token;

        world.Region("eu").Get<Till>("t").Read(new() { Token = token }).Money.ShouldBe(1);

        world.Region("ap").Alarms.ShouldContain(a => a.Kind == AlarmKind.ClockOff);
        world.Log.ShouldContain(line => line.EndsWith("ap has a clock that is off by 10800.000 s"));
    }

    [Fact]
    public void DiskIsFull_EveryWriteFails_AndWorksAgainAfterwards()
    {
        using var world = PelagoWorld.Create("eu");
        world.Region("eu").DiskIsFull = true;
        world.Region("eu").Get<Till>("t").TrySend(new Pay(1)).Failure!.Error.ShouldBe(ErrorCodes.JournalUnavailable);

        world.Region("eu").DiskIsFull = false;

        world.Region("eu").Get<Till>("t").Send(new Pay(2)).ShouldBe(2);
    }

    [Fact]
    public void Pause_OfARegion_ItAnswersAfterwards()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.Region("eu").Pause(TimeSpan.FromSeconds(3));
        var asked = world.Elapsed;

        world.Region("eu").Get<Till>("t").Send(new Pay(2)).ShouldBe(2);

        (world.Elapsed - asked).TotalMilliseconds.ShouldBeInRange(3_000, 3_100);
    }

    [Fact]
    public void Storm_OfEverything_WorldConvergesAndNothingAcknowledgedIsMissing()
        => PelagoWorld.Explore(8, world =>
        {
            world.Storm(TimeSpan.FromSeconds(20));
            var acknowledged = 0L;
            for (var i = 0; i < 60; i++)
            {
                world.Run(TimeSpan.FromMilliseconds(300));
                var region = world.Regions[i % 3];
                RequestOptions once = new() { IdempotencyKey = $"k{i}", Deadline = TimeSpan.FromSeconds(1) };
                while (region.Get<Till>("t").TrySend(new Pay(1), once).Failure is not null)
                {
                    region = world.Regions[(world.Regions.ToList().IndexOf(region) + 1) % 3];
                    world.Run(TimeSpan.FromMilliseconds(200));
                }
                acknowledged++;
            }
            world.Heal();
            world.Converged();
            world.Region("eu").Get<Till>("t").Read().Money.ShouldBe(acknowledged);
        }, Three);

    [Fact]
    public void World_SameSeedAndCalls_IsTheSameRunByteForByte()
    {
        var first = Record(5);

        Record(5).ShouldBe(first);
        Record(6).ShouldNotBe(first);
    }

    // Everything that can be seen of a run: its log, and every row of every journal in order.
    private static string Record(ulong seed)
    {
        using var world = PelagoWorld.Create(seed, Three);
        world.Storm(TimeSpan.FromSeconds(20));
        for (var i = 0; i < 60; i++)
        {
            world.Run(TimeSpan.FromMilliseconds(250));
            world.Regions[i * 7 % 3].Get<Till>($"t{i % 5}").Begin(new Pay(i % 9, Careless: true));
        }
        world.Heal();
        world.Converged();
        var text = new StringBuilder().AppendJoin('\n', world.Log).Append(world.Elapsed);
        foreach (var row in world.Journals.SelectMany(j => j))
        {
            text.Append($"\n{row.LocalSequence} {row.Event} {row.Event.Vector} {row.Event.Timestamp.Value} "
                + $"{row.Event.OriginPosition} {Convert.ToHexString(row.Event.Payload.Span)}");
        }
        return text.ToString();
    }
}
