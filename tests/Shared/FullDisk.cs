namespace Pelago.Tests;

/// <summary>A disk that takes nothing more, for files that are written beside themselves and renamed: their new content
/// goes to the device that is always full (full(4)), until this is disposed.</summary>
internal sealed class FullDisk : IDisposable
{
    private readonly string[] _beside;

    public FullDisk(params string[] files)
    {
        _beside = [.. files.Select(file => file + ".new")];
        foreach (var beside in _beside)
        {
            File.Delete(beside);
            File.CreateSymbolicLink(beside, "/dev/full");
        }
    }

    public void Dispose()
    {
        foreach (var beside in _beside)
            File.Delete(beside);
    }
}
