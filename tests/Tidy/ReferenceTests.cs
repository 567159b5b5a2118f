using System.Xml.Linq;

namespace Pelago.Tests.Tidy;

/// <summary>References between projects point down only, and rooms of level 1 do not know each other.</summary>
public sealed class ReferenceTests
{
    /// <summary>The level of each room. Within one level a room may reference only those named in
    /// <see cref="SameLevel"/>.</summary>
    private static readonly Dictionary<string, int> Levels = new()
    {
        ["Pelago.Wire"] = 0,
        ["Pelago.Model"] = 0,
        ["Pelago.Replication"] = 0,
        ["Pelago.Pki"] = 1,
        ["Pelago.Journal"] = 1,
        ["Pelago.Ingress"] = 1,
        ["Pelago.Identity"] = 1,
        ["Pelago.Traffic"] = 1,
        ["Pelago.Postgres"] = 1,
        ["Pelago.Objects"] = 1,
        ["Pelago.Api"] = 2,
        ["Pelago.Entities"] = 2,
        ["Pelago.Sdk"] = 2,
        ["Pelago.Sdk.Testing"] = 2,
        ["Pelago.Client"] = 2,
        ["Pelago.Federation"] = 3,
        ["Pelago.Region"] = 3,
        ["Pelago.Kubernetes"] = 3,
        ["Pelago.Drills"] = 3,
        ["Pelago.Console"] = 3,
        ["Pelago.Cli"] = 4,
    };

    private static readonly HashSet<(string From, string To)> SameLevel =
    [
        ("Pelago.Replication", "Pelago.Model"), // the protocol speaks of identifiers and time
        ("Pelago.Replication", "Pelago.Wire"), // and travels and is stored in these messages
        ("Pelago.Sdk", "Pelago.Entities"), // the SDK is the face of the entity runtime
        ("Pelago.Sdk", "Pelago.Client"), // an instance and its region exchange the messages that the client defines
        ("Pelago.Sdk.Testing", "Pelago.Sdk"), // the kit runs what the SDK declares
        ("Pelago.Sdk.Testing", "Pelago.Entities"),
    ];

    [Fact]
    public void Rooms_AllOfThem_HaveALevel() =>
        Rooms()
            .Select(Name)
            .Where(name => !Levels.ContainsKey(name))
            .ShouldBeEmpty("Give the room a level in this file.");

    [Fact]
    public void References_OfEveryRoom_PointDown()
    {
        var wrong = from room in Rooms()
                    from target in References(room)
                    where Levels[target] >= Levels[Name(room)] && !SameLevel.Contains((Name(room), target))
                    select $"{Name(room)} (level {Levels[Name(room)]}) references {target} (level {Levels[target]})";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Client_KnowsOnlyTheModel()
        => References(Repository.File("src/Pelago.Client/Pelago.Client.csproj")).ShouldBeSubsetOf(["Pelago.Model"]);

    [Fact]
    public void Samples_UseOnlyWhatUsersGet()
    {
        string[] allowed = ["Pelago.Sdk", "Pelago.Sdk.Testing", "Pelago.Client"];
        var wrong =
            from sample in Repository.Projects.Where(project =>
                project.Path.StartsWith("samples/", StringComparison.Ordinal)
            )
            from target in References(sample)
            where !allowed.Contains(target)
            select $"{sample.Path} references {target}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void UserVerbs_OfTheCommand_ReachTheSystemThroughTheClient()
    {
        // Verbs.cs is the table that also names the roles; everything else in Commands is a user's verb. ServerLook.cs
        // asks a role whose protocol is PostgreSQL's and not Pelago's: no client of ours speaks it.
        string[] hosts = ["Federation", "Region", "Entities", "Journal", "Pki", "Ingress", "Replication"];
        var wrong = from file in Repository.Product
                    where file.Path.StartsWith("src/Pelago.Cli/", StringComparison.Ordinal)
                    where Path.GetFileName(file.Path) is not ("Verbs.cs" or "ServerLook.cs")
                    from line in file.Lines
                    from host in hosts
                    where line.StartsWith($"using Pelago.{host};", StringComparison.Ordinal)
                    select $"{file.Path}: {line}";
        wrong.ShouldBeEmpty();
    }

    private static IEnumerable<SourceFile> Rooms()
        => Repository.Projects.Where(project => project.Path.StartsWith("src/", StringComparison.Ordinal));

    private static string Name(SourceFile project) => Path.GetFileNameWithoutExtension(project.Path);

    private static IEnumerable<string> References(SourceFile project) =>
        XDocument
            .Parse(project.Text)
            .Descendants("ProjectReference")
            .Select(reference =>
                Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))
            );
}
