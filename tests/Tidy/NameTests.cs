using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pelago.Tests.Tidy;

/// <summary>Names that say nothing are not used, and names lead to their place.</summary>
public sealed class NameTests
{
    private static readonly string[] Banned =
    [
        "Util",
        "Utils",
        "Utility",
        "Utilities",
        "Helper",
        "Helpers",
        "Common",
        "Manager",
        "Base",
        "Misc",
    ];

    [Fact]
    public void FilesAndFolders_OfCode_HaveNoBannedName()
    {
        var wrong = from file in Repository.CSharp
                    from part in file.Path.Split('/')
                    let name = part.Split('.')[0]
                    where Banned.Any(banned => name == banned || EndsWithWord(name, banned))
                    select $"{file.Path}: '{part}'";
        wrong.Distinct().ShouldBeEmpty();
    }

    [Fact]
    public void Types_Everywhere_HaveNoBannedName()
    {
        var wrong =
            from file in Repository.CSharp
            from type in file.Syntax.DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
            where Banned.Any(banned => type.Identifier.Text == banned || EndsWithWord(type.Identifier.Text, banned))
            select $"{file.At(type)}: {type.Identifier.Text}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Namespaces_OfARoom_BeginWithItsName()
    {
        var wrong = from file in Repository.Product
                    let room = file.Path.Split('/')[1]
                    from space in file.Syntax.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
                    let name = space.Name.ToString()
                    where name != room && !name.StartsWith(room + ".", StringComparison.Ordinal)
                    select $"{file.At(space)}: namespace {name} in {room}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Namespaces_Everywhere_AreFileScoped()
    {
        var wrong = from file in Repository.CSharp
                    from space in file.Syntax.DescendantNodes().OfType<NamespaceDeclarationSyntax>()
                    select $"{file.At(space)}: namespace {space.Name} in braces";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Tests_AllOfThem_AreNamedSubjectConditionResult()
    {
        var wrong = from file in Repository.CSharp
                    where file.Path.StartsWith("tests/", StringComparison.Ordinal)
                    from method in file.Syntax.DescendantNodes().OfType<MethodDeclarationSyntax>()
                    where SourceTests.IsTest(method) && method.Identifier.Text.Split('_').Length < 2
                    select $"{file.At(method)}: {method.Identifier.Text}";
        wrong.ShouldBeEmpty("A test is named Subject_Condition_Result, or Subject_Result where there is no condition.");
    }

    /// <summary>"ConnectionManager" ends with the word Manager; "Database" does not end with the word Base.</summary>
    private static bool EndsWithWord(string name, string word)
        => name.Length > word.Length && name.EndsWith(word, StringComparison.Ordinal);
}
