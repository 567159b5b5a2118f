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

/// <summary>A place of a journal that is sealed on a disk.</summary>
public interface IStoreFixture : IJournalFixture
{
    /// <summary>The key file.</summary>
    string KeyFile { get; }

    /// <summary>The guard file.</summary>
    string GuardFile { get; }

    /// <summary>Tells the age of keys, and when the guard file is due.</summary>
    TimeProvider Clock { get; set; }

    /// <summary>Opens with another keeper of the key-encryption key, or at another age of data keys.</summary>
    Task<IJournal> OpenAsync(IKeyEncryption kek, int dataKeyMaxAgeDays);

    /// <summary>Everything that the store holds, as bytes.</summary>
    Task<byte[]> DumpAsync();

    /// <summary>The rows of events as the store holds them, as text.</summary>
    Task<string> EventsAsync();

    /// <summary>Makes a closed journal one of the first format. Its keys must have been made at the time 0.</summary>
    Task DowngradeAsync();

    /// <summary>Makes a closed journal one of before there were keys of subjects.</summary>
    Task WithoutSubjectKeysAsync();
}
