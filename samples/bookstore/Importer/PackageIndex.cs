using System.Text;

namespace Bookstore.Importer;

/// <summary>One record of a package index.</summary>
/// <param name="Number">Its place in the file, from 0.</param>
/// <param name="Name">Package name.</param>
/// <param name="Version">Debian version.</param>
/// <param name="Maintainer">Who maintains it.</param>
/// <param name="Synopsis">First line of the description.</param>
/// <param name="Description">The other lines, or empty.</param>
public sealed record Package(
    int Number, string Name, string Version, string Maintainer, string Synopsis, string Description);

/// <summary>Reads a Debian package index (<c>Packages</c>, or the output of <c>apt-cache dumpavail</c>) record by
/// record: fields as in Debian Policy section 5.1, UTF-8, continued lines begin with a space, empty lines between
/// records.</summary>
public static class PackageIndex
{
    /// <summary>Reads every record that names a package and a version.</summary>
    public static IEnumerable<Package> Read(string file)
    {
        using var reader = new StreamReader(file, Encoding.UTF8);
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var number = 0;
        while (ReadRecord(reader, fields))
        {
            if (!fields.TryGetValue("Package", out var name) || !fields.TryGetValue("Version", out var version))
                continue;
            var description = fields.GetValueOrDefault("Description") ?? fields.GetValueOrDefault("Description-en")
                ?? "";
            var lines = description.Split('\n', 2);
            yield return new Package(number++, name, version, fields.GetValueOrDefault("Maintainer") ?? "",
                lines[0].Trim(), lines.Length == 1 ? "" : Unfold(lines[1]));
        }
    }

    /// <summary>For each package the place of its record with the highest version.</summary>
    public static Dictionary<string, int> Newest(IEnumerable<Package> packages)
    {
        var newest = new Dictionary<string, (string Version, int Number)>(StringComparer.Ordinal);
        foreach (var package in packages)
        {
            if (!newest.TryGetValue(package.Name, out var best)
                || DebianVersion.Order.Compare(package.Version, best.Version) > 0)
                newest[package.Name] = (package.Version, package.Number);
        }
        return newest.ToDictionary(n => n.Key, n => n.Value.Number, StringComparer.Ordinal);
    }

    private static bool ReadRecord(StreamReader reader, Dictionary<string, string> fields)
    {
        fields.Clear();
        var name = "";
        var value = new StringBuilder();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] is ' ' or '\t')
            {
                value.Append('\n').Append(line);
                continue;
            }
            Store();
            if (string.IsNullOrWhiteSpace(line))
            {
                if (fields.Count > 0)
                    return true;
                continue;
            }
            var colon = line.IndexOf(':');
            if (colon <= 0)
                continue; // no field: a damaged line costs itself, not the record
            name = line[..colon];
            value.Clear().Append(line.AsSpan(colon + 1).Trim());
        }
        Store();
        return fields.Count > 0;

        void Store()
        {
            if (name.Length > 0)
                fields[name] = value.ToString();
            name = "";
        }
    }

    // Continued lines have a space before them, and " ." stands for an empty line.
    private static string Unfold(string lines) => string.Join('\n', lines.Split('\n')
        .Select(line => line.TrimEnd()).Select(line => line == " ." ? "" : line.Length > 0 ? line[1..] : ""));
}
