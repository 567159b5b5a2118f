namespace Pelago.Tests.EndToEnd;

/// <summary><c>./pelago soak simulation</c>, as a developer types it.</summary>
public sealed class SoakTests
{
    [Fact]
    public async Task Soak_AFewSecondsOfGivenSeeds_SaysHowManyItTried()
    {
        var result = (await Command.RunAsync("soak", "simulation", "--seconds", "2", "--first", "1")).ShouldExitWith(0);
        result.Output.ShouldMatch(@"[1-9][0-9]* seeds, [0-9]+ inputs");
        result.Error.ShouldContain("Seeds from 1 on, for 2 s");
    }

    [Fact]
    public async Task Soak_OneSeed_IsReplayedWithWhatHappened()
        => (await Command.RunAsync("soak", "simulation", "--seed", "18", "--faults", "0", "--milliseconds", "900"))
            .ShouldExitWith(0).Output.ShouldContain("acknowledged, faults None");

    [Theory]
    [InlineData("soak", "everything")]
    [InlineData("soak", "simulation", "--seed", "x")]
    [InlineData("soak", "simulation", "--year", "1")]
    public async Task Soak_WhatItDoesNotKnow_IsRefused(params string[] words)
        => (await Command.RunAsync(words)).ShouldExitWith(2).Error.ShouldContain("PLG1202");
}
