using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Tests.Unit.Pki;

/// <summary>Requests of strangers.</summary>
public sealed class SigningRequestTests
{
    private const string Name = "bookstore.demo.svc.us-east-1.apps.pelago.localhost";

    [Fact]
    public void Read_OwnRequest_GivesTheKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        SigningRequest.Read(SigningRequest.Create(key), out var read).ShouldBeNull();

        read!.ExportSubjectPublicKeyInfo().ShouldBe(key.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void Read_OtherKeys_AreRefused()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);
        var empty = new X500DistinguishedName("");
        byte[][] requests =
        [
            new CertificateRequest(empty, p384, HashAlgorithmName.SHA256).CreateSigningRequest(),
            new CertificateRequest(
                empty,
                rsa,
                HashAlgorithmName.SHA256,
                RSASignaturePadding.Pss
            ).CreateSigningRequest(),
        ];

        foreach (var request in requests)
            SigningRequest.Read(request, out _)!.Message.ShouldContain("P-256");
    }

    [Fact]
    public void Read_SignedByAnotherKey_IsRefused()
    {
        using var mine = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var victim = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = SigningRequest.Create(mine);
        var at = request.AsSpan().IndexOf(mine.ExportSubjectPublicKeyInfo());
        victim.ExportSubjectPublicKeyInfo().CopyTo(request, at);

        SigningRequest.Read(request, out var key)!.Error.ShouldBe(ErrorCodes.BadSigningRequest);
        key.ShouldBeNull();
    }

    [Fact]
    public void Read_WrongSizeOrTail_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] good = SigningRequest.Create(key);

        SigningRequest.Read(Array.Empty<byte>(), out _).ShouldNotBeNull();
        SigningRequest.Read(new byte[SigningRequest.MaxBytes + 1], out _).ShouldNotBeNull();
        SigningRequest.Read((byte[])[.. good, 0], out _).ShouldNotBeNull();
        SigningRequest.Read(good.AsMemory(0, good.Length - 1), out _).ShouldNotBeNull();
    }

    [Fact]
    public void Read_AnyByteChanged_IsRefusedAndNeverThrows()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var good = SigningRequest.Create(key);
        var random = new Random(20300102);

        for (var i = 0; i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= (byte)random.Next(1, 256);
            SigningRequest.Read(bad, out _).ShouldNotBeNull($"byte {i}");
        }
    }

    [Theory]
    [InlineData("bookstore.demo.svc.eu-west-1.apps.pelago.localhost", LeafUse.Client)]
    [InlineData("bookstore.demo.svc.xus-east-1.apps.pelago.localhost", LeafUse.Client)]
    [InlineData("bookstore-demo.us-east-1.apps.pelago.localhost", LeafUse.Client)]
    [InlineData("api.us-east-1.platform.pelago.localhost", LeafUse.Client)]
    [InlineData("ingress.svc.us-east-1.apps.pelago.localhost", LeafUse.Client)]
    [InlineData("*.us-east-1.apps.pelago.localhost", LeafUse.Server)]
    [InlineData("xus-east-1.apps.pelago.localhost", LeafUse.Server)]
    [InlineData("127.0.0.1", LeafUse.Server)]
    [InlineData("", LeafUse.Server)]
    [InlineData(Name, (LeafUse)3)]
    public async Task Issue_NameOfSomebodyElse_IsRefusedAndAudited(string name, LeafUse use)
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var issued = authority.Issue(SigningRequest.Create(key), new LeafGrant(name, use, "a test"));

        issued.Failure!.Error.ShouldBe(ErrorCodes.NameNotPermitted);
        group.Audit.Records[^1].Refusal.ShouldNotBeNull().ShouldContain("PLG3003");
    }
}
