namespace Pelago.Cli;

/// <summary>Paths without symbolic links: one world has one name, whichever way leads to it.</summary>
internal static class RealPath
{
    private const int MostLinks = 40; // as the system's own limit, path_resolution(7)

    /// <summary>The absolute path behind a path. What does not exist yet is kept as it is written.</summary>
    /// <exception cref="IOException">The links go round in circles.</exception>
    public static string Of(string path)
    {
        var links = 0;
        return Resolve(Path.GetFullPath(path), ref links);
    }

    private static string Resolve(string path, ref int links)
    {
        var parent = Path.GetDirectoryName(path);
        if (parent is null)
            return path;
        var here = Path.Combine(Resolve(parent, ref links), Path.GetFileName(path));
        if (new FileInfo(here).LinkTarget is not { } target)
            return here;
        if (++links > MostLinks)
            throw new IOException($"Too many levels of symbolic links in '{path}'.");
        return Resolve(Path.GetFullPath(target, Path.GetDirectoryName(here)!), ref links);
    }
}
