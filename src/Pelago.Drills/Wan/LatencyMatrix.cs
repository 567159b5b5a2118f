using System.Collections.Frozen;
using System.Text.Json;
using Pelago.Model;

namespace Pelago.Drills;

/// <summary>One-way delays between the ends of a world's links. A profile has the same delay both ways: half the round
/// trip.</summary>
public sealed class LatencyMatrix
{
    /// <summary>Name of the federation plane as an end of links; it stands where <c>us-east-1</c> stands.</summary>
    public const string Federation = "federation";

    private const string FederationPlace = "us-east-1";

    private readonly FrozenDictionary<(string, string), TimeSpan> _oneWay;

    private LatencyMatrix(IEnumerable<KeyValuePair<(string, string), TimeSpan>> oneWay)
        => _oneWay = oneWay.ToFrozenDictionary();

    /// <summary>No delay anywhere.</summary>
    public static LatencyMatrix None { get; } = new([]);

    /// <summary>Round trips between AWS regions, embedded as <c>wan-aws.json</c>.</summary>
    public static LatencyMatrix Aws { get; } = ReadEmbedded();

    /// <summary>The profile of that name: <c>aws</c> or <c>none</c>.</summary>
    /// <exception cref="PelagoException">PLG1202 for another name.</exception>
    public static LatencyMatrix Named(string profile) => profile switch
    {
        "aws" => Aws,
        "none" => None,
        _ => throw new Failure(ErrorCodes.InvalidArgument, $"'{profile}' is no profile of the wide area network.",
            "Profiles: aws, none.").ToException(),
    };

    /// <summary>Delay of one direction; zero for a pair that the profile does not know.</summary>
    public TimeSpan OneWay(string from, string to) => _oneWay.GetValueOrDefault((Place(from), Place(to)));

    private static string Place(string end) => end == Federation ? FederationPlace : end;

    private static LatencyMatrix ReadEmbedded()
    {
        using var stream = typeof(LatencyMatrix).Assembly.GetManifestResourceStream("wan-aws.json")!;
        var document = JsonSerializer.Deserialize<Document>(stream, JsonSerializerOptions.Web)!;
        var oneWay = new Dictionary<(string, string), TimeSpan>();
        foreach (var (from, row) in document.RttMs)
        {
            foreach (var (to, roundTripMs) in row)
                oneWay[(from, to)] = oneWay[(to, from)] = TimeSpan.FromMilliseconds(roundTripMs / 2);
        }
        return new LatencyMatrix(oneWay);
    }

    private sealed record Document(string About, Dictionary<string, Dictionary<string, double>> RttMs);
}
