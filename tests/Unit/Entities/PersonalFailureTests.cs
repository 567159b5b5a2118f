using System.Security.Cryptography;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit.Entities;

/// <summary>What the log says of handlers that throw, where personal members are.</summary>
public sealed class PersonalFailureTests
{
    private static readonly EntityType Guests = EntityType.Of<Guest>();

    [Fact]
    public async Task Query_ThatOpensAndThrows_IsInTheLogWithoutItsMessages()
    {
        var (region, log) = await StartAsync(Guests);
        await using var ends = region;
        (await SendAsync(region, Guests, "Lyon")).Failure.ShouldBeNull();
        var reply = await region.Runtime.ReadAsync<int>(Guests, "g", view =>
        {
            var address = ((Guest)view.State).Address!;
            new QueryContext(view.Sealing).Open(address, GuestJson.Default.Address).TryGet(out var opened);
            throw new InvalidOperationException($"{opened!.Town} is far",
                new AggregateException(new FormatException(opened.Street), new KeyNotFoundException(opened.Town)));
        }, RequestOptions.Default, TestContext.Current.CancellationToken);

        reply.Failure!.Error.ShouldBe(ErrorCodes.CommandFailed);
        Check(log, nameof(Query_ThatOpensAndThrows_IsInTheLogWithoutItsMessages), nameof(InvalidOperationException),
            nameof(FormatException), nameof(KeyNotFoundException));
    }

    [Fact]
    public async Task Command_ThatThrowsBeforeItHasSealed_IsInTheLogWithoutItsMessages()
    {
        var type = new EntityDefinition<Guest>().Named("guest").Merge(MergeStrategy.Ordered)
            .State(_ => new Guest(null, 0), GuestJson.Default.Guest)
            .Event("moved", GuestJson.Default.Moved, (guest, e) => guest with { Address = e.Address })
            .Command<Move, string>(GuestJson.Default.String, Parse)
            .Build();
        var (region, log) = await StartAsync(type);
        await using var ends = region;

        (await SendAsync(region, type, "Lyon")).Failure!.Error.ShouldBe(ErrorCodes.CommandFailed);

        Check(log, nameof(Parse), nameof(FormatException));
    }

    [Fact]
    public async Task Effect_ThatGoesOnBeingRefused_IsAlarmedByItsCodeAndWithoutAWordOfWhatItWasTold()
    {
        var definition = new EntityDefinition<Guest>();
        Guest.Define(definition);
        var type = definition.Final<Moved>("tell", (_, _, _) => throw new Failure(
            ErrorCodes.InvalidField, "'Lyon' is no town.", "It is where Rue 1 is.").ToException()).Build();
        var (region, _) = await StartAsync(type);
        await using var ends = region;

        (await SendAsync(region, type, "Lyon")).Failure.ShouldBeNull();

        AlarmStatus? alarm = null;
        await Eventually.BeTrue(async () => (alarm = (await region.Runtime.DescribeAsync(
            TestContext.Current.CancellationToken)).Alarms.FirstOrDefault(
                a => a.Kind == nameof(AlarmKind.EffectsStopped))) is not null, "the alarm");
        var text = alarm!.Texts.ShouldHaveSingleItem();
        text.ShouldEndWith(ErrorCodes.InvalidField.Code);
        text.ShouldNotContain("Lyon");
        text.ShouldNotContain("Rue 1");
    }

    [Theory]
    [InlineData(typeof(Guest), true)]
    [InlineData(typeof(Tally), false)]
    public void HasPersonalMembers_OfAType_IsWhetherAnythingInItIsSealed(Type state, bool expected)
    {
        var type = state == typeof(Guest) ? Guests : EntityType.Of<Tally>();
        type.HasPersonalMembers.ShouldBe(expected);
    }

    [Fact]
    public void HasPersonalMembers_OfATypeThatSealsInAnEventAlone_IsTrue()
        => new EntityDefinition<Address>().Named("address").Merge(MergeStrategy.Ordered)
            .State(_ => new Address("", ""), GuestJson.Default.Address)
            .Event("moved", GuestJson.Default.Moved, (address, _) => address)
            .Build().HasPersonalMembers.ShouldBeTrue();

    [Fact]
    public void HasPersonalMembers_WhereverInStateOrEventTheMemberIs_IsTrue()
    {
        Of<Sealed<string>, Remark>(PersonalJson.Default.SealedString, PersonalJson.Default.Remark)
            .HasPersonalMembers.ShouldBeTrue();
        Of<Remark, Sealed<string>>(PersonalJson.Default.Remark, PersonalJson.Default.SealedString)
            .HasPersonalMembers.ShouldBeTrue();
        Of<Remark, Shape>(PersonalJson.Default.Remark, PersonalJson.Default.Shape)
            .HasPersonalMembers.ShouldBeTrue("one kind of it has a member");
        Of<Remark, Half>(PersonalJson.Default.Remark, PersonalJson.Default.Half)
            .HasPersonalMembers.ShouldBeTrue("a member of it that may be missing has one");
    }

    private static EntityType Of<TState, TEvent>(JsonTypeInfo<TState> state, JsonTypeInfo<TEvent> e)
        where TState : class
        where TEvent : class
        => new EntityDefinition<TState>().Named("root").Merge(MergeStrategy.Ordered).State(_ => null!, state)
            .Event("written", e, (before, _) => before).Build();

    private static Effect<Guest, string> Parse(Guest guest, Move move, CommandContext context)
        => throw new FormatException($"'{move.To.Town}' in '{move.To.Street}' is no number.");

    private static void Check(WholeLog log, params string[] told)
    {
        var line = log.Lines.ShouldHaveSingleItem();
        foreach (var word in told)
            line.ShouldContain(word);
        line.ShouldNotContain("Lyon");
        line.ShouldNotContain("Rue 1");
        line.ShouldContain("Messages are left out");
    }

    private static async Task<(TestRegion Region, WholeLog Log)> StartAsync(EntityType type)
    {
        var log = new WholeLog(LogLevel.Error);
        var region = await TestRegion.StartAsync("eu", ["eu"], new NoPeers(), types: new EntityTypes([type]));
        (region.Logger, region.Adjust) = (log, options => options with
        {
            EffectBackoffMilliseconds = 10,
            Kernel = options.Kernel with { Secrets = static bytes => RandomNumberGenerator.Fill(bytes) },
        });
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();
        return (region, log);
    }

    private static ValueTask<EntityReply<string>> SendAsync(TestRegion region, EntityType type, string town)
        => region.Runtime.SendAsync(type, "g", new Move(new Address("Rue 1", town)), RequestOptions.Default,
            TestContext.Current.CancellationToken);
}

internal sealed record Remark(string Text);

[JsonDerivedType(typeof(Plain), "plain")]
[JsonDerivedType(typeof(Personal), "personal")]
internal abstract record Shape;

internal sealed record Plain(int Sides) : Shape;

internal sealed record Personal(Sealed<string> Name) : Shape;

internal readonly record struct Inner(Sealed<string> Name);

internal sealed record Half(Inner? Inner);

[JsonSerializable(typeof(Remark))]
[JsonSerializable(typeof(Shape))]
[JsonSerializable(typeof(Half))]
[JsonSerializable(typeof(Sealed<string>), TypeInfoPropertyName = "SealedString")]
internal sealed partial class PersonalJson : JsonSerializerContext;
