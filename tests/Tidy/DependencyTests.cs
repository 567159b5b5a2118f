using System.Xml.Linq;

namespace Pelago.Tests.Tidy;

/// <summary>Versions of dependencies stand in one file and are locked.</summary>
public sealed class DependencyTests
{
    [Fact]
    public void Projects_AllOfThem_AreInTheSolution()
    {
        var solution = Repository.File("Pelago.slnx").Text;
        Repository
            .Projects.Select(project => project.Path)
            .Where(path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal))
            .ShouldBeEmpty();
    }

    [Fact]
    public void Projects_AllOfThem_HaveALockFile()
    {
        var files = Repository.Files.Select(file => file.Path).ToHashSet();
        Repository.Projects.Select(project => $"{Path.GetDirectoryName(project.Path)}/packages.lock.json")
            .Where(path => !files.Contains(path)).ShouldBeEmpty();
    }

    [Fact]
    public void LockFiles_AllOfThem_NameNoHost() =>
        Repository
            .Files.Where(file => file.Path.EndsWith("packages.lock.json", StringComparison.Ordinal))
            .Where(file => file.Text.Contains("://", StringComparison.Ordinal))
            .Select(file => file.Path)
            .ShouldBeEmpty();

    [Fact]
    public void Versions_OfPackages_StandInOneFile()
    {
        var wrong =
            from project in Repository.Projects
            from reference in XDocument.Parse(project.Text).Descendants("PackageReference")
            where reference.Attribute("Version") is not null || reference.Attribute("VersionOverride") is not null
            select $"{project.Path}: {reference}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Versions_InTheCentralFile_AreUsed()
    {
        var used = Repository
            .Projects.Concat(Repository.Files.Where(file => file.Path.EndsWith(".props", StringComparison.Ordinal)))
            .SelectMany(project => XDocument.Parse(project.Text).Descendants("PackageReference"))
            .Select(reference => reference.Attribute("Include")!.Value).ToHashSet();
        XDocument.Parse(Repository.File("Directory.Packages.props").Text).Descendants("PackageVersion")
            .Select(version => version.Attribute("Include")!.Value).Where(name => !used.Contains(name)).ShouldBeEmpty();
    }
}
