using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>The form of a sealed member, for ever: what was sealed once has to open.</summary>
public sealed class SealedBoxTests
{
    // Made by another implementation of AES-GCM and SHA-256, from the description in SealedBox.
    private const string FirstKeyId = "ba43fd689c36329196f4bf6bf8b21d63";
    private const string First = "010c70617469656e742d343731310965752d776573742d310192f00000007000800000000000abcd"
        + "0000000000000001046e"
        + "616d65ba43fd689c36329196f4bf6bf8b21d63a0a1a2a3a4a5a6a7a8a9aaabc459184c6728093a033ddbd590c4ab3a7e6210"
        + "b951";
    private const string SecondKeyId = "b31aac6993dcdc3f12af072eaa6ea9c7";
    private const string Second = "0102d0960275730192f00000007000800000000000abcd01020304050607080761646472657373b3"
        + "1aac6993dcdc3f12af07"
        + "2eaa6ea9c7000000000000000000000000f418f64d445b38447ad0b7b61915db3c";

    private static readonly Origin Here
        = new("eu-west-1", Incarnation.Read(Convert.FromHexString("0192f00000007000800000000000abcd")));

    private static readonly EntityKey Entity = new("patient", "p");
    private static readonly byte[] FirstNonce = [.. Enumerable.Range(0xA0, 12).Select(i => (byte)i)];

    private static SubjectKey FirstKey => KeyOf("patient-4711", [.. Enumerable.Range(0, 32).Select(i => (byte)i)]);

    private static SubjectKey SecondKey => KeyOf("Ж", [.. Enumerable.Repeat((byte)255, 32)]);

    [Fact]
    public void Seal_Vectors_GiveTheseBytes()
    {
        FirstKey.Id.ToString().ShouldBe(FirstKeyId);
        SecondKey.Id.ToString().ShouldBe(SecondKeyId);
        Convert.ToHexStringLower(SealFirst()).ShouldBe(First);
        Convert.ToHexStringLower(SealedBox.Seal(SecondKey, new EntityKey("cart", "a/b c"),
            Here with { Region = "us" }, 0x0102030405060708, "address", new byte[12], [])).ShouldBe(Second);
    }

    [Fact]
    public void Open_Vectors_GiveWhatWasSealed()
    {
        var box = Read(Convert.FromHexString(First));
        (box.Subject, box.Origin, box.Sequence, box.Field, box.KeyId)
            .ShouldBe(("patient-4711", Here, 1ul, "name", FirstKey.Id));
        Encoding.UTF8.GetString(box.Open(FirstKey.Key, Entity)!).ShouldBe("\"Ada\"");
        Read(Convert.FromHexString(Second)).Open(SecondKey.Key, new EntityKey("cart", "a/b c"))!.ShouldBeEmpty();
    }

    [Fact]
    public void Box_TakenApartByHand_IsWhatItsDescriptionSays()
    {
        var bytes = SealFirst().AsSpan();
        bytes[0].ShouldBe((byte)1);
        var header = 1 + 1 + 12 + 1 + 9 + 16 + 8 + 1 + 4;
        bytes[header..(header + 16)].SequenceEqual(FirstKey.Id.ToBytes()).ShouldBeTrue();
        var nonce = bytes.Slice(header + 16, 12);
        var (cipher, tag) = (bytes[(header + 28)..^16].ToArray(), bytes[^16..].ToArray());
        byte[] associated =
        [
            0, 1, 1, 0, 12, .. "patient-4711"u8, 0, 7, .. "patient"u8, 0, 1, .. "p"u8, 0, 25,
            .. Here.Incarnation.ToBytes(), .. "eu-west-1"u8, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 4, .. "name"u8,
        ];
        using var aes = new AesGcm(FirstKey.Key, 16);
        var plain = new byte[cipher.Length];
        aes.Decrypt(nonce, cipher, tag, plain, associated);
        Encoding.UTF8.GetString(plain).ShouldBe("\"Ada\"");
    }

    [Fact]
    public void Open_InAnotherEntityOrUnderAnotherKey_GivesNothing()
    {
        var box = Read(SealFirst());
        box.Open(FirstKey.Key, Entity).ShouldNotBeNull();
        box.Open(FirstKey.Key, new EntityKey("patient", "q")).ShouldBeNull();
        box.Open(FirstKey.Key, new EntityKey("patients", "")).ShouldBeNull();
        box.Open(SecondKey.Key, Entity).ShouldBeNull();
    }

    [Fact]
    public void Open_AnyBitChanged_GivesNothingAndNeverThrows()
    {
        var box = SealFirst();
        for (var i = 0; i < box.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var altered = box.ToArray();
                altered[i] ^= (byte)(1 << bit);
                if (!SealedBox.TryRead(altered, out var read))
                    continue;
                if (read.KeyId == FirstKey.Id)
                    read.Open(FirstKey.Key, Entity).ShouldBeNull($"byte {i}, bit {bit}");
            }
        }
    }

    [Fact]
    public void Read_TruncatedOverlongOrForeign_IsRefused()
    {
        var box = SealFirst();
        for (var length = 0; length < box.Length - 5; length++)
            SealedBox.TryRead(box.AsMemory(..length), out _).ShouldBeFalse($"{length} bytes");
        SealedBox.TryRead(new byte[SealedBox.MaxBytes + 1], out _).ShouldBeFalse();
        SealedBox.TryRead((byte[])[.. box, .. new byte[SealedBox.MaxBytes - box.Length + 1]], out _).ShouldBeFalse();
        foreach (var (at, value) in new[] { (0, 2), (1, 0), (1, 255), (2, 10), (14, 0), (16, 'E') })
        {
            var changed = box.ToArray();
            changed[at] = (byte)value;
            SealedBox.TryRead(changed, out _).ShouldBeFalse($"{value} at {at}");
        }
        byte[] twisted = [.. box];
        twisted[2] = 0xC3; // no UTF-8: it would be read as some other subject
        twisted[3] = 0x28;
        SealedBox.TryRead(twisted, out _).ShouldBeFalse();
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var noise = new byte[random.Next(200)];
            random.NextBytes(noise);
            if (noise.Length > 0)
                noise[0] = 1;
            SealedBox.TryRead(noise, out _);
        }
    }

    [Fact]
    public void Json_RoundTrip_KeepsTheBytesAndHostileOnesAreRefused()
    {
        var member = new Sealed<string>(SealFirst());
        var json = JsonSerializer.Serialize(new Card(member), CardJson.Default.Card);
        json.ShouldBe("{\"Name\":{\"box\":\"" + Convert.ToBase64String(SealFirst()).Replace("+", "\\u002B") + "\"}}");
        JsonSerializer.Deserialize(json, CardJson.Default.Card).ShouldBe(new Card(member));
        JsonSerializer.Deserialize("""{"Name":null}""", CardJson.Default.Card)!.Name.ShouldBeNull();
        foreach (var hostile in new[] { "{}", "\"\"", """{"box":""}""", """{"box":"AQ=="}""", """{"box":"%"}""", "[]" })
        {
            Should.Throw<JsonException>(
                () => JsonSerializer.Deserialize("{\"Name\":" + hostile + "}", CardJson.Default.Card));
        }
        member.ToString().ShouldBe("sealed");
        new Card(member).ToString().ShouldNotContain("patient-4711");
        FirstKey.ToString().ShouldBe(FirstKeyId);
        new Opened<string>("Ada").ToString().ShouldBe("readable");
        default(Opened<string>).TryGet(out _).ShouldBeFalse();
    }

    [Fact]
    public void KeyId_OfAnotherSubjectOrKey_IsAnother()
    {
        var key = FirstKey;
        SubjectKeyId.Of("patient-4712", key.Key).ShouldNotBe(key.Id);
        SubjectKeyId.Of("patient-4711", SecondKey.Key).ShouldNotBe(key.Id);
        new SubjectKey(SubjectType.KeyOf("patient-4712"), key.Id, key.Key).IsWhatItsNameSays.ShouldBeFalse();
        SubjectKeyId.Parse(key.Id.ToString()).ShouldBe(key.Id);
    }

    private static byte[] SealFirst() => SealedBox.Seal(FirstKey, Entity, Here, 1, "name", FirstNonce, "\"Ada\""u8);

    private static SealedBox Read(byte[] bytes)
    {
        SealedBox.TryRead(bytes, out var box).ShouldBeTrue();
        return box!;
    }

    private static SubjectKey KeyOf(string subject, byte[] key)
        => new(SubjectType.KeyOf(subject), SubjectKeyId.Of(subject, key), key);
}

internal sealed record Card(Sealed<string>? Name);

[JsonSerializable(typeof(Card))]
internal sealed partial class CardJson : JsonSerializerContext;
