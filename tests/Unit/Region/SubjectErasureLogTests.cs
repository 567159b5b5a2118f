using Microsoft.Extensions.Logging;
using Pelago.Region;
using Pelago.Tests.Unit.Entities;

namespace Pelago.Tests.Unit;

/// <summary>What a region writes down of an erasure that was asked for.</summary>
public sealed class SubjectErasureLogTests
{
    private readonly WholeLog log = new(LogLevel.Information);

    [Fact]
    public async Task Erasure_ThatIsAnswered_IsLoggedWithItsOutcome()
    {
        await SubjectEndpoints.LoggedAsync(log, "demo/shop", () => Task.FromResult("Forgotten"));

        log.Lines.ShouldHaveSingleItem().ShouldContain("demo/shop: Forgotten");
    }

    [Fact]
    public async Task Erasure_WhoseCallerHangsUp_IsLogged()
    {
        await Should.ThrowAsync<OperationCanceledException>(() => SubjectEndpoints.LoggedAsync(
            log, "demo/shop", () => Task.FromException<string>(new OperationCanceledException())));

        log.Lines.ShouldHaveSingleItem().ShouldContain("demo/shop: nobody waited for the answer");
    }

    [Fact]
    public async Task Erasure_DuringWhichTheRegionFails_IsLogged()
    {
        await Should.ThrowAsync<InvalidOperationException>(() => SubjectEndpoints.LoggedAsync(
            log, "demo/shop", () => throw new InvalidOperationException("planted")));

        log.Lines.ShouldHaveSingleItem().ShouldContain("demo/shop: the region failed");
    }
}
