using Pelago.Model;
using Pelago.Sdk;

namespace Bookstore;

/// <summary>Rules that several addresses share.</summary>
internal static class Fields
{
    /// <summary>Longest sku, in characters: a package name, an ISBN, a shop's own number.</summary>
    public const int MaxSku = 128;

    /// <summary>A sku within a body.</summary>
    public static string Sku(this RequestFields fields)
    {
        var sku = fields.Text("sku", 1, MaxSku);
        if (sku.Length > 0 && EntityKey.CheckId(sku) is { } failure)
            fields.Add("sku", "is no valid sku: " + failure.Message, failure.Next);
        if (sku.AsSpan().ContainsAny('/', '\\'))
            fields.Add("sku", "holds a slash, which no address can name.", "Leave it out.");
        return sku;
    }

    /// <summary>A sku within a path.</summary>
    /// <exception cref="InvalidRequestException">It is too long; the entity's own rules are checked when it is
    /// used.</exception>
    public static string CheckSku(string sku) => sku.Length <= MaxSku ? sku
        : throw new InvalidRequestException([new Failure(
        ErrorCodes.InvalidField, $"The sku is longer than {MaxSku} characters.", "Shorten it.", "sku")]);
}
