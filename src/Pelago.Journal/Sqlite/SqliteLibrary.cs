using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Pelago.Journal;

/// <summary>Chooses the SQLite that runs: the system's, when it is newer than the bundled one, whose age carries
/// published vulnerabilities; else the bundled one.</summary>
public static class SqliteLibrary
{
    private const string System = "libsqlite3.so.0";
    private const int BundledVersion = 3_035_005;

    private static readonly Lazy<string> Loaded = new(Load);

    /// <summary>Version and source of the SQLite in use, e.g. <c>3.40.1 (system)</c>; loads it when needed.</summary>
    public static string Version => Loaded.Value;

    private static string Load()
    {
        var library = TryLoadNewer();
        if (library != 0)
        {
            NativeLibrary.SetDllImportResolver(
                typeof(SQLite3Provider_e_sqlite3).Assembly, (name, _, _) => name == "e_sqlite3" ? library : 0);
        }
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        raw.sqlite3_initialize();
        return $"{raw.sqlite3_libversion().utf8_to_string()} ({(library != 0 ? "system" : "bundled")})";
    }

    private static nint TryLoadNewer()
    {
        if (!NativeLibrary.TryLoad(System, Assembly.GetExecutingAssembly(), null, out var library))
            return 0;
        if (NativeLibrary.TryGetExport(library, "sqlite3_libversion_number", out var symbol)
            && Marshal.GetDelegateForFunctionPointer<LibraryVersion>(symbol)() > BundledVersion)
            return library;
        NativeLibrary.Free(library);
        return 0;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int LibraryVersion();
}
