namespace Pelago.Journal;

/// <summary>The keys of an embedded journal as they lie in its database.</summary>
internal static class StoredKeys
{
    /// <summary>All of them, wrapped.</summary>
    public static List<WrappedKeyRow> Read(Database database)
    {
        var found = new List<WrappedKeyRow>();
        using var once = database.Once(
            "SELECT number, purpose, kek, content FROM wrapped_key ORDER BY number", out var select);
        while (select.Step())
        {
            found.Add(new WrappedKeyRow(
                select.Long(0), select.Long(1), select.Text(2), select.Blob(3).ToArray()));
        }
        return found;
    }
}
