using System.Text.Json;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>Reads the one line that a region writes to the standard input of the programs that it starts.</summary>
internal static class TicketReader
{
    private const int MaxBytes = 4096;

    /// <summary>Reads and parses the ticket.</summary>
    /// <exception cref="PelagoException">PLG3102: there is none.</exception>
    public static async Task<EnrolmentTicket> ReadAsync(Stream input, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxBytes];
        var length = 0;
        while (length < MaxBytes && !buffer.AsSpan(0, length).Contains((byte)'\n'))
        {
            var read = await input.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                break;
            length += read;
        }
        try
        {
            var line = buffer.AsSpan(0, length);
            var end = line.IndexOf((byte)'\n');
            return JsonSerializer.Deserialize(end < 0 ? line : line[..end], InstanceJson.Default.EnrolmentTicket)
                ?? throw Missing();
        }
        catch (JsonException)
        {
            throw Missing(); // the parser's message could quote the token
        }
    }

    private static PelagoException Missing() => new Failure(ErrorCodes.EnrolmentRefused,
        "No enrolment ticket came on standard input.",
            "Let the region start the service; do not set PELAGO_REGION by hand.")
        .ToException();
}
