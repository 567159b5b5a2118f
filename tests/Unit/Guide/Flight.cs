using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk;

namespace Pelago.Tests.Unit.Guide;

// The code of docs/guide/modes.md: a test of tests/Tidy compares it with the page.

public sealed record Flight(int Taken) : IEntity<Flight>
{
    public const int Seats = 3;

    public static readonly ErrorCode Full = new("FLT1001", "Flight full", 5, 409);

    public static void Define(EntityDefinition<Flight> entity) => entity
        .Named("flight")
        .Merge(MergeStrategy.Ordered)
        .Mode(EntityMode.Pinned("eu-west-1"))
        .State(_ => new Flight(0), FlightJson.Default.Flight)
        .Event("seat-taken", FlightJson.Default.SeatTaken, (flight, _) => new Flight(flight.Taken + 1))
        .Command<TakeSeat, int>("take-seat", FlightJson.Default.TakeSeat, FlightJson.Default.Int32,
            (flight, take, _) => flight.Taken == Seats
                ? Effect.Reject(Full, $"There is no seat left for {take.Passenger}.", "Take another flight.")
                : Effect.Persist(new SeatTaken(take.Passenger)).ThenReply<Flight, int>(after => after.Taken));
}

public sealed record TakeSeat(string Passenger) : ICommand<int>;

public sealed record SeatTaken(string Passenger);

[JsonSerializable(typeof(Flight))]
[JsonSerializable(typeof(TakeSeat))]
[JsonSerializable(typeof(SeatTaken))]
[JsonSerializable(typeof(int))]
internal sealed partial class FlightJson : JsonSerializerContext;

internal static class FlightEndpoints
{
    public static void MapFlights(this WebApplication app) => app.MapGet("/flights/{id}/free",
        (string id, IEntities entities, CancellationToken ct)
            => entities.Get<Flight>(id).ReadPrimary(flight => Flight.Seats - flight.Taken, ct));
}
