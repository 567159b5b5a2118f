using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pelago.Tests.Tidy;

/// <summary>What application developers compile against is pinned: a change of it is seen in review.</summary>
public sealed partial class PublicApiTests
{
    private static readonly string[] RoomsForUsers = ["Pelago.Sdk", "Pelago.Sdk.Testing"];

    [Fact]
    public void Api_ForUsers_IsPinned()
        => Pinned.Check("docs/internals/public-api.txt", string.Concat(RoomsForUsers.Select(Describe)));

    [Fact]
    public void Api_ForUsers_IsDocumented()
    {
        var wrong =
            from room in RoomsForUsers
            from file in Files(room)
            from type in file.Syntax.DescendantNodes().OfType<MemberDeclarationSyntax>()
            where type is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax && IsPublic(type)
            where !type.GetLeadingTrivia().Any(trivia => trivia.IsKind(SyntaxKind.SingleLineDocumentationCommentTrivia))
            select $"{file.At(type)}: {Header(type)}";
        wrong.ShouldBeEmpty();
    }

    private static IEnumerable<SourceFile> Files(string room)
        => Repository.Product.Where(file => file.Path.StartsWith($"src/{room}/", StringComparison.Ordinal));

    /// <summary>Every public type of a room with its public and protected members, ordered, without bodies.</summary>
    private static string Describe(string room)
    {
        var page = new StringBuilder($"== {room}\n");
        var types = Files(room).SelectMany(file => file.Syntax.DescendantNodes()).OfType<MemberDeclarationSyntax>()
            .Where(node => node is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax && IsPublic(node))
            .Select(type => (Header: Header(type), Members: Members(type)))
            .OrderBy(type => type.Header, StringComparer.Ordinal);
        foreach (var (header, members) in types)
        {
            page.Append(header).Append('\n');
            foreach (var member in members.Order(StringComparer.Ordinal))
                page.Append("    ").Append(member).Append('\n');
        }
        return page.Append('\n').ToString();
    }

    private static IEnumerable<string> Members(MemberDeclarationSyntax type) => type switch
    {
        EnumDeclarationSyntax values => values.Members.Select(member => OneLine(member.WithoutTrivia().ToString())),
        InterfaceDeclarationSyntax contract => contract.Members.Select(Header),
        TypeDeclarationSyntax declared => declared.Members
            .Where(member => member is not BaseTypeDeclarationSyntax && IsVisible(member)).Select(Header),
        _ => [],
    };

    private static bool IsPublic(MemberDeclarationSyntax type)
        => type.AncestorsAndSelf().OfType<MemberDeclarationSyntax>()
            .Where(node => node is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax)
            .All(node => node.Modifiers.Any(modifier => modifier.IsKind(SyntaxKind.PublicKeyword)));

    private static bool IsVisible(MemberDeclarationSyntax member) =>
        member.Modifiers.Any(modifier =>
            modifier.IsKind(SyntaxKind.PublicKeyword) || modifier.IsKind(SyntaxKind.ProtectedKeyword)
        ) && !member.Modifiers.Any(modifier => modifier.IsKind(SyntaxKind.PrivateKeyword));

    /// <summary>The declaration up to its body, on one line, without attributes and documentation.</summary>
    private static string Header(MemberDeclarationSyntax member)
    {
        SyntaxNode bare = member.WithAttributeLists(default).WithoutTrivia();
        bare = bare switch
        {
            TypeDeclarationSyntax type => type.WithMembers(default)
                .WithOpenBraceToken(default)
                .WithCloseBraceToken(default),
            EnumDeclarationSyntax type => type.WithMembers(default)
                .WithOpenBraceToken(default)
                .WithCloseBraceToken(default),
            BaseMethodDeclarationSyntax method => method.WithBody(null).WithExpressionBody(null),
            PropertyDeclarationSyntax property => property.WithExpressionBody(null).WithInitializer(null),
            IndexerDeclarationSyntax indexer => indexer.WithExpressionBody(null),
            FieldDeclarationSyntax field when !field.Modifiers.Any(SyntaxKind.ConstKeyword) => field.WithDeclaration(
                field.Declaration.WithVariables([
                    .. field.Declaration.Variables.Select(one => one.WithInitializer(null)),
                ])
            ),
            _ => bare,
        };
        var withoutBodies = Bodies().Replace(Comments().Replace(bare.ToString(), ""), ";");
        return OneLine(withoutBodies).TrimEnd(';', ' ');
    }

    private static string OneLine(string text) => Blanks().Replace(text, " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comments();

    /// <summary>Bodies of accessors.</summary>
    [GeneratedRegex(@"(?<=\b(get|set|init|add|remove))\s*(=>[^;]*;|\{[^{}]*(\{[^{}]*\}[^{}]*)*\})")]
    private static partial Regex Bodies();
}
