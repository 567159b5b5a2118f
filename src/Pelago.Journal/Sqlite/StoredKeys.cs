namespace Pelago.Journal;

/// <summary>The keys of an embedded journal as they lie in its database.</summary>
internal static class StoredKeys
{
    /// <summary>All of them, wrapped.</summary>
    public static IReadOnlyList<WrappedKeyRow> Read(Database database)
    {
        var found = new List<WrappedKeyRow>();
        using var once = database.Once(
            "SELECT number, purpose, kek, content, made_at FROM wrapped_key ORDER BY number", out var select);
        while (select.Step())
        {
            found.Add(new WrappedKeyRow(
                select.Long(0), select.Long(1), select.Text(2), select.Blob(3).ToArray(), select.Long(4)));
        }
        return found;
    }

    /// <summary>Inserts keys in the open transaction.</summary>
    public static void Insert(Database database, IEnumerable<WrappedKeyRow> rows)
    {
        using var once = database.Once(
            "INSERT INTO wrapped_key (number, purpose, kek, content, made_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            out var insert);
        foreach (var row in rows)
        {
            insert.Bind(1, row.Number).Bind(2, row.Purpose).Bind(3, row.Kek).Bind(4, row.Content).Bind(5, row.MadeAt)
                .Run();
        }
    }

    /// <summary>Inserts a salt, in the open transaction or in one of its own.</summary>
    public static void Insert(Database database, SaltRow salt)
    {
        using var once = database.Once("INSERT INTO salt VALUES (?1, ?2, ?3)", out var insert);
        insert.Bind(1, salt.Number).Bind(2, salt.DataKey).Bind(3, salt.Content).Run();
    }
}
