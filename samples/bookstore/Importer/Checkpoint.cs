using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Bookstore.Importer;

/// <summary>How far an import of one file into one service has come, and which books were refused, in a small file
/// beside the index, so that an interrupted import goes on where it was. It belongs to the index as it was: another
/// size or time begins anew.</summary>
public sealed class Checkpoint
{
    private readonly string path;
    private readonly string identity;
    private readonly Lock gate = new();
    private readonly SortedSet<int> ahead = [];
    private readonly SortedDictionary<int, string> refusals = [];
    private int through;
    private int written;

    /// <summary>Opens the note of an earlier import, if there is one.</summary>
    /// <param name="indexFile">The index.</param>
    /// <param name="url">The service.</param>
    /// <param name="restart">Begins anew, whatever an earlier import noted.</param>
    public Checkpoint(string indexFile, Uri url, bool restart = false)
    {
        var index = new FileInfo(indexFile);
        identity = string.Create(CultureInfo.InvariantCulture, $"{url} {index.Length} {index.LastWriteTimeUtc.Ticks}");
        var target = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url.ToString())))[..8];
        path = $"{Path.GetFullPath(indexFile)}.{target}.imported";
        if (restart || !File.Exists(path) || File.ReadAllLines(path) is not [var owner, var count, .. var refused]
            || owner != identity
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var done))
            return;
        through = written = done;
        foreach (var line in refused)
        {
            if (line.Split('\t', 2) is [var number, var why]
                && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var record))
                refusals[record] = why;
        }
    }

    /// <summary>The books that were refused for good, with reasons, in the order of the index.</summary>
    public IReadOnlyList<string> Refusals
    {
        get
        {
            lock (gate)
                return [.. refusals.Values];
        }
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

    /// <summary>Notes that a record was refused; it is then done.</summary>
    public void Refused(int number, string why)
    {
        lock (gate)
            refusals[number] = why.ReplaceLineEndings(" ");
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
        {
            // What lies ahead is sent again, and answered again.
            File.WriteAllLines(path, [identity, through.ToString(CultureInfo.InvariantCulture),
                .. refusals.Where(r => r.Key < through)
                    .Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Key}\t{r.Value}"))]);
        }
    }

    /// <summary>Removes the note: the import is complete, and the next one begins anew.</summary>
    public void Delete() => File.Delete(path);
}
