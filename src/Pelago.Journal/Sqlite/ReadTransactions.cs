namespace Pelago.Journal;

/// <summary>Transactions of a connection that reads: all reads within one see the same committed state.</summary>
internal sealed class ReadTransactions(Database database)
{
    private readonly Statement begin = database.Prepare("BEGIN");
    private readonly Statement end = database.Prepare("COMMIT");

    /// <summary>Begins one; disposing ends it.</summary>
    public Scope Begin()
    {
        begin.Run();
        return new Scope(this);
    }

    private void End()
    {
        try
        {
            end.Run();
        }
        catch (StoreException)
        {
            database.Rollback(); // a read has nothing to keep; the next one begins afresh
        }
    }

    /// <summary>A transaction that is open.</summary>
    internal readonly struct Scope(ReadTransactions transactions) : IDisposable
    {
        public void Dispose() => transactions.End();
    }
}
