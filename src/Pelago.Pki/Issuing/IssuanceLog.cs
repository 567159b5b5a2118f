using System.Text.Json;

namespace Pelago.Pki;

/// <summary>Audit trail of issuances as JSON lines in a file of mode 0600, flushed record by record. Safe for
/// concurrent use.</summary>
public sealed class IssuanceLog(string path) : IIssuanceAudit
{
    private readonly Lock _gate = new();

    /// <inheritdoc />
    public void Record(IssuanceRecord record)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(record, JsonSerializerOptions.Web);
        var options = new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.Read,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        lock (_gate)
        {
            using var file = new FileStream(path, options);
            file.Write([.. line, (byte)'\n']);
            file.Flush(flushToDisk: true);
        }
    }
}
