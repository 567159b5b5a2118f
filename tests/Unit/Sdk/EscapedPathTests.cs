using Pelago.Model;
using Pelago.Sdk;

namespace Pelago.Tests.Unit.Sdk;

public sealed class EscapedPathTests
{
    [Theory]
    [InlineData("/carts/a")]
    [InlineData("/carts/a%20b%25%3f")]
    [InlineData("/carts/a%252fb")]
    [InlineData("/carts/%C3%A9t%C3%A9")]
    [InlineData("/books?text=a%2fb%ff")]
    public void Check_EscapesWithOneMeaning_AreTaken(string target) => EscapedPath.Check(target).ShouldBeNull();

    [Theory]
    [InlineData("/carts/a%2fb")]
    [InlineData("/carts/a%2Fb")]
    [InlineData("/carts/%ff")]
    [InlineData("/carts/%c3")]
    [InlineData("/carts/%c0%af")]
    [InlineData("/carts/%zz")]
    [InlineData("/carts/%2")]
    public void Check_EscapesThatCouldNameTwoThings_AreRefused(string target)
        => EscapedPath.Check(target)!.Error.ShouldBe(ErrorCodes.AmbiguousPath);
}
