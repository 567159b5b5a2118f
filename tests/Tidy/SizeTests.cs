using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pelago.Tests.Tidy;

/// <summary>Largest sizes of files, methods and lines. The lists of exceptions only shrink.</summary>
public sealed class SizeTests
{
    private const int MaxFileLines = 500;
    private const int MaxMethodLines = 60;
    private const int MaxColumns = 120;

    /// <summary>"path" to the reason; empty is the aim.</summary>
    private static readonly Dictionary<string, string> LongFiles = [];

    /// <summary>"path Method" to the reason; empty is the aim.</summary>
    private static readonly Dictionary<string, string> LongMethods = [];

    [Fact]
    public void Files_OfCode_StayWithinTheLimit()
    {
        var wrong = Code().Where(file => file.Lines.Count > MaxFileLines && !LongFiles.ContainsKey(file.Path))
            .Select(file => $"{file.Path}: {file.Lines.Count} lines, at most {MaxFileLines}");
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Files_OfTheProduct_AreUsuallyShort()
    {
        var lengths = Repository.Product.Select(file => file.Lines.Count).Order().ToArray();
        lengths[lengths.Length / 2]
            .ShouldBeLessThan(130, "half of the product's files are longer than this many lines");
        lengths[lengths.Length * 95 / 100]
            .ShouldBeLessThan(320, "one in twenty of the product's files is longer than this");
    }

    [Fact]
    public void Methods_Everywhere_StayWithinTheLimit()
    {
        var wrong =
            from file in Repository.CSharp
            from member in file.Syntax.DescendantNodes()
            where member is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax
            let lines = Lines(member)
            where lines > MaxMethodLines && !LongMethods.ContainsKey($"{file.Path} {NameOf(member)}")
            select $"{file.At(member)}: {NameOf(member)} has {lines} lines, at most {MaxMethodLines}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Lines_OfCode_StayWithinTheLimit()
    {
        var wrong = from file in Code()
                    from line in file.Lines.Select((text, index) => (Text: text, Number: index + 1))
                    where line.Text.Length > MaxColumns
                    select $"{file.Path}:{line.Number}: {line.Text.Length} columns, at most {MaxColumns}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Exceptions_AllOfThem_AreStillNeeded()
    {
        var stale = LongFiles
            .Keys.Where(path => Repository.Files.All(file => file.Path != path || file.Lines.Count <= MaxFileLines))
            .Concat(
                LongMethods.Keys.Where(key =>
                    !Repository.CSharp.Any(file =>
                        file.Syntax.DescendantNodes()
                            .Any(node => $"{file.Path} {NameOf(node)}" == key && Lines(node) > MaxMethodLines)
                    )
                )
            );
        stale.ShouldBeEmpty("Remove them from the lists: the lists only shrink.");
    }

    private static IEnumerable<SourceFile> Code()
        => Repository.Files.Where(file => Path.GetExtension(file.Path) is ".cs" or ".proto" or ".sh"
            || file.Path is "pelago");

    private static int Lines(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static string NameOf(SyntaxNode node) => node switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        LocalFunctionStatementSyntax local => local.Identifier.Text,
        AccessorDeclarationSyntax { Parent.Parent: PropertyDeclarationSyntax property } => property.Identifier.Text,
        _ => node.GetType().Name,
    };
}
