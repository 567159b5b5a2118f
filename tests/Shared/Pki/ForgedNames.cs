using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Pelago.Tests.Pki;

/// <summary>What a stolen intermediate may try to call its leaf.</summary>
internal static class ForgedNames
{
    public const string Apps = "us-east-1.apps.pelago.localhost";
    public const string Name = "bookstore.demo.svc." + Apps;

    /// <summary>Forgeries that name constraints alone keep out, so that other software refuses them too.</summary>
    public static TheoryData<string> Constrained() =>
    [
        "other region",
        "sibling suffix",
        "sibling prefix",
        "ip",
        "ipv6",
        "uri",
        "mailbox",
        "name and address",
    ];

    /// <summary>Those, and what only the check of identities refuses.</summary>
    public static TheoryData<string> All() =>
    [
        .. Constrained().Select(row => row.Data),
        "uri in the dummy domain",
        "the dummy mailbox",
        "none at all",
        "none, but a common name",
        "two names",
        "directory name",
        "wildcard",
        "trailing dot",
        "upper case",
        "empty label",
        "one label more",
        "one label less",
        "underscore",
        "leading hyphen",
        "leading digit",
        "reserved service",
        "nul",
        "not ascii",
        "platform name",
        "the apps name itself",
        "name of 300 characters",
        "not der",
        "empty sequence",
        "trailing bytes",
    ];

    /// <summary>A leaf with a forged name, signed with the stolen key of its issuer.</summary>
    public static X509Certificate2 Leaf(X509Certificate2 issuer, ECDsa issuerKey, string kind)
        => Forge.Leaf(issuer, issuerKey, Of(kind), Forge.Usage(Forge.Client),
            subject: kind == "none, but a common name" ? $"CN={Name}" : "CN=forged");

    private static X509Extension? Of(string kind) => kind switch
    {
        "other region" => Forge.Dns("bookstore.demo.svc.eu-west-1.apps.pelago.localhost"),
        "sibling suffix" => Forge.Dns("bookstore.demo.svc.us-east-1.xapps.pelago.localhost"),
        "sibling prefix" => Forge.Dns("bookstore.demo.svc.xus-east-1.apps.pelago.localhost"),
        "ip" => Forge.Names(n => n.AddIpAddress(IPAddress.Loopback)),
        "ipv6" => Forge.Names(n => n.AddIpAddress(IPAddress.IPv6Loopback)),
        "uri" => Forge.Names(n => n.AddUri(new Uri($"https://{Name}/"))),
        "uri in the dummy domain" => Forge.Names(n => n.AddUri(new Uri("https://x.invalid/"))),
        "mailbox" => Forge.Names(n => n.AddEmailAddress("root@" + Apps)),
        "the dummy mailbox" => Forge.Names(n => n.AddEmailAddress("x@y.invalid")),
        "none at all" or "none, but a common name" => null,
        "two names" => Forge.Dns(Name, "vault.demo.svc." + Apps),
        "name and address" => Forge.Names(n =>
        {
            n.AddDnsName(Name);
            n.AddIpAddress(IPAddress.Loopback);
        }),
        "directory name" => Forge.Names(n => n.AddUserPrincipalName("root@" + Apps)),
        "wildcard" => Raw("*.demo.svc." + Apps),
        "trailing dot" => Raw(Name + "."),
        "upper case" => Raw("Bookstore.demo.svc." + Apps),
        "empty label" => Raw("bookstore..svc." + Apps),
        "one label more" => Raw("x.bookstore.demo.svc." + Apps),
        "one label less" => Raw("demo.svc." + Apps),
        "underscore" => Raw("book_store.demo.svc." + Apps),
        "leading hyphen" => Raw("-bookstore.demo.svc." + Apps),
        "leading digit" => Raw("1bookstore.demo.svc." + Apps),
        "reserved service" => Raw("ingress.demo.svc." + Apps),
        "nul" => Raw("bookstore\0.demo.svc." + Apps),
        "not ascii" => Forge.RawDns(Encoding.UTF8.GetBytes("bücher.demo.svc." + Apps)),
        "platform name" => Raw("bookstore.demo.svc.us-east-1.platform.pelago.localhost"),
        "the apps name itself" => Raw(Apps),
        "name of 300 characters" => Raw(new string('a', 240) + "." + Name),
        "not der" => new X509Extension(Forge.San, "hello"u8.ToArray(), false),
        "empty sequence" => new X509Extension(Forge.San, [0x30, 0x00], false),
        "trailing bytes" => new X509Extension(Forge.San, [.. Forge.Dns(Name).RawData, 0x05, 0x00], false),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private static X509Extension Raw(string name) => Forge.RawDns(Encoding.ASCII.GetBytes(name));
}
