using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Pelago.Tests.Tidy;

/// <summary>The working tree under test: every file that belongs to it, read once, and the syntax of its C#
/// files.</summary>
public static class Repository
{
    private static readonly string[] PrunedFolders =
        ["bin", "obj", "artifacts", "TestResults", ".git", ".vs", ".idea", ".pelago", ".pelago-build"];

    /// <summary>The folder that holds Pelago.slnx.</summary>
    public static string Root { get; } = FindRoot();

    private static readonly Lazy<ImmutableArray<SourceFile>> AllFiles = new(()
        => [.. Walk(Root).Order(StringComparer.Ordinal).Select(Read)]);

    /// <summary>Every file except build output, ordered by path.</summary>
    public static ImmutableArray<SourceFile> Files => AllFiles.Value;

    /// <summary>C# files of src, tests, samples and bench.</summary>
    public static IEnumerable<SourceFile> CSharp =>
        Files.Where(file => file.Path.EndsWith(".cs", StringComparison.Ordinal));

    /// <summary>C# files below src.</summary>
    public static IEnumerable<SourceFile> Product =>
        CSharp.Where(file => file.Path.StartsWith("src/", StringComparison.Ordinal));

    /// <summary>Markdown files.</summary>
    public static IEnumerable<SourceFile> Documents =>
        Files.Where(file => file.Path.EndsWith(".md", StringComparison.Ordinal));

    /// <summary>Project files, but for those of build steps.</summary>
    public static IEnumerable<SourceFile> Projects =>
        Files.Where(file => file.Path.EndsWith(".csproj", StringComparison.Ordinal)
            && !file.Path.StartsWith("eng/", StringComparison.Ordinal));

    /// <summary>The file at a path from the root, with forward slashes.</summary>
    public static SourceFile File(string path) =>
        Files.FirstOrDefault(file => file.Path == path)
        ?? throw new FileNotFoundException($"There is no {path} in the repository.");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "Pelago.slnx")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Pelago.slnx.");
    }

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file) != ".git"))
            yield return file; // in a linked work tree .git is a file
        foreach (var child in Directory.EnumerateDirectories(folder))
        {
            if (PrunedFolders.Contains(Path.GetFileName(child)) || System.IO.File.Exists(Path.Combine(child, ".git")))
                continue;
            foreach (var file in Walk(child))
                yield return file;
        }
    }

    private static SourceFile Read(string file)
        => new(Path.GetRelativePath(Root, file).Replace('\\', '/'), System.IO.File.ReadAllText(file));
}

/// <summary>One file of the tree.</summary>
/// <param name="Path">From the root, with forward slashes.</param>
/// <param name="Text">Its contents as UTF-8.</param>
public sealed record SourceFile(string Path, string Text)
{
    private readonly Lazy<string[]> lines = new(() => Text.TrimEnd('\n').Split('\n'));
    private readonly Lazy<SyntaxNode> syntax = new(() => CSharpSyntaxTree
        .ParseText(Text, new CSharpParseOptions(LanguageVersion.Preview, DocumentationMode.Parse), Path,
            cancellationToken: CancellationToken.None).GetRoot(CancellationToken.None));

    /// <summary>Lines without their ends.</summary>
    public IReadOnlyList<string> Lines => lines.Value;

    /// <summary>The C# syntax; only for C# files.</summary>
    public SyntaxNode Syntax => syntax.Value;

    /// <summary>"path:line" of a node, counted from one.</summary>
    public string At(SyntaxNode node) => $"{Path}:{node.GetLocation().GetLineSpan().StartLinePosition.Line + 1}";
}
