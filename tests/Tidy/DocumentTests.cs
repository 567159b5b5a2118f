using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pelago.Tests.Tidy;

/// <summary>Documents say what is true: links lead somewhere, named types exist, the two commands are there.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Links_InDocuments_LeadToFiles()
    {
        var wrong =
            from file in Repository.Documents
            from Match match in Link().Matches(WithoutCode(file.Text))
            let target = match.Groups["target"].Value
            where
                !target.Contains("://", StringComparison.Ordinal)
                && !target.StartsWith("mailto:", StringComparison.Ordinal)
            where !Exists(file, target)
            select $"{file.Path}: {target}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Rooms_AllOfThem_HaveAReadme()
    {
        var rooms = Repository
            .Projects.Where(project =>
                project.Path.StartsWith("src/", StringComparison.Ordinal)
                || project.Path.StartsWith("samples/", StringComparison.Ordinal)
            )
            .Select(project => Path.GetDirectoryName(project.Path)!);
        rooms.Where(room => Repository.Files.All(file => file.Path != $"{room}/README.md")).ShouldBeEmpty();
    }

    [Fact]
    public void RoomReadmes_AllOfThem_AreShort()
    {
        var wrong = RoomReadmes()
            .Where(file => file.Lines.Count > 60)
            .Select(file => $"{file.Path}: {file.Lines.Count} lines, at most 60");
        wrong.ShouldBeEmpty("A room's README is half a screen: what it owns, its main types, what it refuses to do.");
    }

    [Fact]
    public void TypesNamedInRoomReadmes_AllOfThem_Exist()
    {
        var known = DeclaredNames();
        var wrong =
            from file in RoomReadmes().Append(Repository.File("ARCHITECTURE.md"))
            from Match match in TypeName().Matches(file.Text)
            let name = match.Groups["name"].Value
            where !known.Contains(name)
            select $"{file.Path}: `{name}`";
        wrong
            .Distinct()
            .ShouldBeEmpty(
                "A name in backticks that looks like a type is declared in src, tests or the shared framework.");
    }

    [Fact]
    public void FilesNamedInDocuments_AllOfThem_Exist()
    {
        var wrong =
            from file in Repository.Documents
            from Match match in FilePath().Matches(file.Text)
            let target = match.Groups["path"].Value.TrimEnd('/')
            where !target.Contains('*') && !target.Contains("NAME", StringComparison.Ordinal) && !target.Contains('…')
            where !Path.Exists(Path.Combine(Repository.Root, target))
            select $"{file.Path}: `{target}`";
        wrong.Distinct().ShouldBeEmpty();
    }

    [Fact]
    public void Readme_ShowsTheTwoCommands_OnOneScreen()
    {
        var readme = Repository.File("README.md");
        readme.Text.ShouldContain("./pelago up");
        readme.Text.ShouldContain("./pelago test");
        readme.Lines.Count.ShouldBeLessThan(90);
    }

    [Fact]
    public void Documents_BelowDocs_AreLinkedFromAnother()
    {
        var linked = Repository.Documents.SelectMany(file => Link().Matches(file.Text)
            .Select(match => match.Groups["target"].Value.Split('#')[0]).Where(target => target.Length > 0)
            .Select(target => Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(file.Path)!,
            target))))
            .ToHashSet();
        Repository.Documents.Where(file => file.Path.StartsWith("docs/", StringComparison.Ordinal))
            .Select(file => Path.Combine(Repository.Root, file.Path)).Where(path => !linked.Contains(path))
            .ShouldBeEmpty();
    }

    [Fact]
    public void Changelog_HasAnUnreleasedSection()
        => Repository.File("CHANGELOG.md").Lines.ShouldContain("## Unreleased");

    [Fact]
    public void Root_HoldsNoNotes()
    {
        string[] allowed =
        [
            "README.md",
            "ARCHITECTURE.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "SECURITY.md",
            "LICENSE",
            "pelago",
            "Pelago.slnx",
            "global.json",
            "Directory.Build.props",
            "Directory.Packages.props",
            ".editorconfig",
            ".gitattributes",
            ".gitignore",
        ];
        Repository
            .Files.Where(file => !file.Path.Contains('/'))
            .Select(file => file.Path)
            .Except(allowed)
            .ShouldBeEmpty();
    }

    [Fact]
    public void Decisions_AreNumberedWithoutGaps()
    {
        var numbers = Repository
            .Documents.Where(file => file.Path.StartsWith("docs/adr/0", StringComparison.Ordinal))
            .Select(file =>
                int.Parse(Path.GetFileName(file.Path)[..4], System.Globalization.CultureInfo.InvariantCulture)
            )
            .ToArray();
        numbers.ShouldBe(Enumerable.Range(1, numbers.Length), "each decision has a number of its own");
    }

    private static IEnumerable<SourceFile> RoomReadmes()
        => Repository.Documents.Where(file => file.Path.StartsWith("src/", StringComparison.Ordinal)
            && file.Path.EndsWith("/README.md", StringComparison.Ordinal));

    private static bool Exists(SourceFile from, string target)
    {
        var path = Uri.UnescapeDataString(target.Split('#')[0]);
        if (path.Length == 0)
            return Anchors(from).Contains(target[1..]);
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, from.Path))!;
        var full = Path.GetFullPath(Path.Combine(folder, path));
        if (!target.Contains('#') || !full.EndsWith(".md", StringComparison.Ordinal))
            return Path.Exists(full);
        var linked = Repository.Documents.FirstOrDefault(file => Path.Combine(Repository.Root, file.Path) == full);
        return linked is not null && Anchors(linked).Contains(target.Split('#')[1]);
    }

    private static HashSet<string> Anchors(SourceFile file)
        => [.. file.Lines.Where(line => line.StartsWith('#')).Select(line =>
            NotInAnchor().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    private static string WithoutCode(string markdown) => Fence().Replace(markdown, "");

    private static HashSet<string> DeclaredNames()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in Repository.CSharp.SelectMany(file => file.Syntax.DescendantNodes()))
        {
            switch (node)
            {
                case BaseTypeDeclarationSyntax type: names.Add(type.Identifier.Text); break;
                case DelegateDeclarationSyntax type: names.Add(type.Identifier.Text); break;
                case EnumMemberDeclarationSyntax member: names.Add(member.Identifier.Text); break;
                case MethodDeclarationSyntax method: names.Add(method.Identifier.Text); break;
                case PropertyDeclarationSyntax property: names.Add(property.Identifier.Text); break;
            }
        }
        foreach (var proto in Repository.Files.Where(file => file.Path.EndsWith(".proto", StringComparison.Ordinal)))
            names.UnionWith(ProtoMessage().Matches(proto.Text).Select(match => match.Groups["name"].Value));
        names.UnionWith(FrameworkTypes());
        return names;
    }

    private static IEnumerable<string> FrameworkTypes()
    {
        var assemblies = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => path.Contains("/shared/Microsoft.", StringComparison.Ordinal));
        foreach (var path in assemblies)
        {
            using var image = new PEReader(File.OpenRead(path));
            if (!image.HasMetadata)
                continue;
            var metadata = image.GetMetadataReader();
            foreach (var handle in metadata.TypeDefinitions)
                yield return metadata.GetString(metadata.GetTypeDefinition(handle).Name).Split('`')[0];
        }
    }

    [GeneratedRegex(@"\[[^\]]*\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();

    /// <summary>A single word in backticks in Pascal case with at least one lower-case letter; generics may
    /// follow.</summary>
    [GeneratedRegex(@"`(?<name>[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*)(<[^`>]*>)?`")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"`(?<path>(src|tests|samples|docs|eng|bench)/[^`\s]*)`")]
    private static partial Regex FilePath();

    [GeneratedRegex(@"^\s*(message|enum)\s+(?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex ProtoMessage();
}
