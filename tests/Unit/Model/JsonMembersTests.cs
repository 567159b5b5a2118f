using System.Text.Json;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class JsonMembersTests
{
    [Theory]
    [InlineData("""{"sku":"a","quantity":1,"sku":"b"}""", "gives the member 'sku' twice")]
    [InlineData("""{"spec":{"env":{"A":"1","\u0041":"2"}}}""", "gives the member 'spec.env.A' twice")]
    [InlineData("""{"items":[{"a":1},{"a":1,"a":2}]}""", "gives the member 'items[1].a' twice")]
    [InlineData("""[{"a":1,"a":2}]""", "gives the member '[0].a' twice")]
    [InlineData("""{"":1,"":2}""", "gives the member '' twice")]
    [InlineData("""{"a\nb":1,"a\nb":2}""", "gives the member 'a?b' twice")]
    [InlineData("""{"\ud800":1}""", "has a member whose name holds an unpaired surrogate")]
    public void Check_BadMember_SaysWhichAndWhy(string json, string rule)
    {
        using var document = JsonDocument.Parse(json);
        JsonMembers.Check(document.RootElement).ShouldBe(rule);
    }

    [Fact]
    public void Check_NameThatIsNoUtf8_SaysSo()
    {
        using var document = JsonDocument.Parse((byte[])[.. "{\""u8, 0xff, .. "\":1}"u8]);
        JsonMembers.Check(document.RootElement).ShouldBe("has a member whose name is not valid UTF-8");
    }

    [Theory]
    [InlineData("""{"a":{"a":1},"b":[{"a":1},{"a":1}],"A":2}""")]
    [InlineData("3")]
    [InlineData("[]")]
    public void Check_EachMemberOnce_IsFine(string json)
    {
        using var document = JsonDocument.Parse(json);
        JsonMembers.Check(document.RootElement).ShouldBeNull();
    }
}
