using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Bookstore.Importer;

/// <summary>How far an import of one file into one service has come, in a small file beside the index, so that an
/// interrupted import goes on where it was. It belongs to the index as it was: another size or time begins
/// anew.</summary>
public sealed class Checkpoint
{
    private readonly string path;
    private readonly string identity;
    private readonly Lock gate = new();
    private readonly SortedSet<int> ahead = [];
    private int through;
    private int written;

    /// <summary>Opens the note of an earlier import, if there is one.</summary>
    public Checkpoint(string indexFile, Uri url)
    {
        var index = new FileInfo(indexFile);
        identity = string.Create(CultureInfo.InvariantCulture, $"{url} {index.Length} {index.LastWriteTimeUtc.Ticks}");
        var target = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url.ToString())))[..8];
        path = $"{Path.GetFullPath(indexFile)}.{target}.imported";
        if (File.Exists(path) && File.ReadAllLines(path) is [var owner, var count] && owner == identity
            && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var done))
            through = written = done;
    }

    /// <summary>Records before this one are done.</summary>
    public int Through
    {
        get
        {
            lock (gate)
                return through;
        }
    }

    /// <summary>Notes that a record is done; written down now and then.</summary>
    public void Done(int number)
    {
        lock (gate)
        {
            ahead.Add(number);
            while (ahead.Remove(through))
                through++;
            if (through - written < 1_000)
                return;
            written = through;
        }
        Save();
    }

    /// <summary>Writes the note down.</summary>
    public void Save()
    {
        lock (gate)
            File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"{identity}\n{through}\n"));
    }

    /// <summary>Removes the note: the import is complete, and the next one begins anew.</summary>
    public void Delete() => File.Delete(path);
}
