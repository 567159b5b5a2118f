using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>JSON of the data types under test.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(LwwRegister<int>))]
[JsonSerializable(typeof(PnCounter))]
[JsonSerializable(typeof(ResettableCounter))]
[JsonSerializable(typeof(MvRegister<int>))]
[JsonSerializable(typeof(EnableWinsFlag))]
[JsonSerializable(typeof(GrowSet<int>))]
[JsonSerializable(typeof(OrSet<string>))]
[JsonSerializable(typeof(RemoveWinsSet<string>))]
[JsonSerializable(typeof(LwwMap<string, int>))]
[JsonSerializable(typeof(OrMap<string, ResettableCounter>))]
[JsonSerializable(typeof(OrMap<string, MvRegister<int>>))]
[JsonSerializable(typeof(OrMap<string, EnableWinsFlag>))]
[JsonSerializable(typeof(OrMap<string, OrSet<string>>))]
[JsonSerializable(typeof(OrMap<string, RemoveWinsSet<string>>))]
[JsonSerializable(typeof(OrMap<string, LwwMap<string, int>>))]
[JsonSerializable(typeof(Sequence<string>))]
[JsonSerializable(typeof(SequenceInsertion<string>))]
[JsonSerializable(typeof(SequenceDeletion))]
internal sealed partial class DataJson : JsonSerializerContext;
