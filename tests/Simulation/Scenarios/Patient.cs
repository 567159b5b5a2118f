using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>An entity with a personal member.</summary>
internal sealed record Patient(Sealed<string>? Name, int Visits) : IEntity<Patient>
{
    public const string Subject = "patient-4711";

    public static void Define(EntityDefinition<Patient> entity) => entity
        .Named("patient").Merge(MergeStrategy.Ordered)
        .State(_ => new Patient(null, 0), PatientJson.Default.Patient)
        .Event("patient-named", PatientJson.Default.PatientNamed, (state, e) => state with { Name = e.Name })
        .Event("patient-seen", PatientJson.Default.PatientSeen, (state, _) => state with { Visits = state.Visits + 1 })
        .Command<NamePatient, string>(PatientJson.Default.String, (_, command, context) => Effect
            .Persist(new PatientNamed(context.Seal(command.Subject, "name", command.Name, PatientJson.Default.String)))
            .ThenReply<Patient, string>(_ => "named"))
        .Command<MovePatientName, string>(PatientJson.Default.String, (_, command, _) => Effect
            .Persist(new PatientNamed(command.Name)).ThenReply<Patient, string>(_ => "moved"))
        .Command<GreetPatient, string>(PatientJson.Default.String, (state, _, context) =>
        {
            var name = state.Name is { } member
                ? context.Open(member, PatientJson.Default.String).Match(n => n, why => why.ToString()) : "nobody";
            return Effect.Persist(new PatientSeen()).ThenReply<Patient, string>(_ => name);
        });

    /// <summary>The name as a query in a region reads it, or why it cannot.</summary>
    public static string NameOf(Patient patient, QueryContext context) => patient.Name is not { } member ? "nobody"
        : context.Open(member, PatientJson.Default.String).Match(name => name, why => why.ToString());
}

internal sealed record PatientNamed(Sealed<string> Name);

internal sealed record PatientSeen;

internal sealed record NamePatient(string Name, string Subject = Patient.Subject) : ICommand<string>;

internal sealed record MovePatientName(Sealed<string> Name) : ICommand<string>;

internal sealed record GreetPatient : ICommand<string>;

[JsonSerializable(typeof(Patient))]
[JsonSerializable(typeof(PatientNamed))]
[JsonSerializable(typeof(PatientSeen))]
[JsonSerializable(typeof(string))]
internal sealed partial class PatientJson : JsonSerializerContext;
