using FsCheck;
using FsCheck.Fluent;
using Pelago.Model;

namespace Pelago.Tests.Unit;

/// <summary>Ids with reserved characters, empty, over-long, in any script: refused, or kept exactly.</summary>
public sealed class EntityKeyTests
{
    public static TheoryData<string> Kept => [
        "1", "a/b/c", "..a", "a b", "a%2Fb", "a?b#c", "käse", "日本語", "\U0001F3DD", "a:b|c;d", "…", "{}",
            new string('x', 255),
        new string('é', 127)];

    public static TheoryData<string, string> Refused => new()
    {
        { "", "empty" }, { ".", "'.'" }, { "..", "'..'" }, { "a\nb", "U+000A" }, { "a\0", "U+0000" }, { "a\u007F",
            "U+007F" },
        { "\uD800", "surrogate" }, { "a\uDC00b", "surrogate" }, { "\uD83C", "surrogate" }, { new string('x', 256),
            "longer" },
        { new string('é', 128), "longer" },
    };

    [Theory]
    [MemberData(nameof(Kept))]
    public void CheckId_AllowedCharacters_IsKeptExactly(string id)
    {
        EntityKey.CheckId(id).ShouldBeNull();
        new EntityKey("cart", id).Id.ShouldBe(id);
        new EntityKey("cart", id).ToString().ShouldBe("cart/" + id);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void CheckId_Forbidden_NamesFieldAndRule(string id, string rule)
    {
        var failure = EntityKey.CheckId(id).ShouldNotBeNull();

        failure.Error.ShouldBe(ErrorCodes.InvalidEntityId);
        failure.Field.ShouldBe("id");
        failure.Message.ShouldContain(rule);
    }

    [Fact]
    public void CheckId_Null_IsRefused() => EntityKey.CheckId(null).ShouldNotBeNull();

    [Fact]
    public void Equality_DifferentNormalForms_AreDifferentEntities()
        => new EntityKey("cart", "é").ShouldNotBe(new EntityKey("cart", "e\u0301"));

    [Theory]
    [InlineData("cart", "1", 908, 12)]
    [InlineData("book", "libssl3", 147, 19)]
    [InlineData("a", "bc", 653, 13)]
    [InlineData("ab", "c", 45, 13)]
    [InlineData("käse", "日本語", 622, 14)]
    public void Slice_KnownKeys_NeverChanges(string type, string id, int slice, int lane)
    {
        var key = new EntityKey(type, id);

        (key.Slice, key.Lane).ShouldBe((slice, lane));
    }

    [Fact]
    public void Lane_ManyKeys_SpreadsThemEvenly()
    {
        var counts = new int[EntityKey.Lanes];
        for (var i = 0; i < 32_000; i++)
            counts[new EntityKey("cart", $"c{i}").Lane]++;

        counts.ShouldAllBe(c => c > 800 && c < 1200);
    }

    [Fact]
    public void ToString_OfAPerson_DoesNotNameThem()
    {
        new EntityKey("cart", "maria").ToString().ShouldBe("cart/maria");
        new EntityKey(EntityKey.SubjectType, "maria").ToString().ShouldBe("pelago.subject/(in slice "
            + $"{new EntityKey(EntityKey.SubjectType, "maria").Slice})");
    }

    [Fact]
    public void CompareTo_AnyTwo_AgreesWithEquality() => Prop.ForAll<NonNull<string>, NonNull<string>>((a, b) =>
    {
        var (x, y) = (new EntityKey("t", a.Get), new EntityKey("t", b.Get));
        return x.CompareTo(y) == 0 == (x == y) && Math.Sign(x.CompareTo(y)) == -Math.Sign(y.CompareTo(x));
    }).QuickCheckThrowOnFailure();
}
