using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class SentenceTests
{
    [Theory]
    [InlineData("It failed: disk full")]
    [InlineData("It failed: disk full.")]
    [InlineData("It failed: disk full..")]
    [InlineData("It failed: disk full. \n")]
    public void End_AnyEnding_OneFullStop(string text) => Sentence.End(text).ShouldBe("It failed: disk full.");
}
