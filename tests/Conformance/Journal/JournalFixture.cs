using Pelago.Journal;

namespace Pelago.Tests.Conformance;

/// <summary>A place where one kind of journal lies, and what can happen to it there.</summary>
public interface IJournalFixture : IAsyncDisposable
{
    /// <summary>Opens the journal, or creates it the first time.</summary>
    Task<IJournal> OpenAsync();

    /// <summary>The process dies: what is not durable is gone. The journal is not used any more afterwards.</summary>
    Task CrashAsync(IJournal journal);

    /// <summary>Remembers the durable state of now; the journal may be open.</summary>
    Task<object> CopyAsync();

    /// <summary>Puts a copy back in the place of a closed journal. What is kept outside the journal stays as it
    /// is.</summary>
    Task RestoreAsync(object copy);

    /// <summary>What is kept outside the journal is lost.</summary>
    Task LoseGuardAsync();
}
