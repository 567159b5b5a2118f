using System.Text.Json;
using System.Text.Json.Serialization;
using Pelago.Model;

namespace Pelago.Client;

/// <summary>How the messages between a region and its instances are written. Members that the reader does not know are
/// skipped, because an instance may be one release older or newer than its region.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(EnrolmentTicket))]
[JsonSerializable(typeof(InstanceAbout))]
[JsonSerializable(typeof(InstanceEnrolRequest))]
[JsonSerializable(typeof(InstanceEnrolment))]
[JsonSerializable(typeof(InstanceRenewRequest))]
[JsonSerializable(typeof(InstanceCertificate))]
[JsonSerializable(typeof(InstanceConfiguration))]
[JsonSerializable(typeof(InstanceFailure))]
[JsonSerializable(typeof(InstanceReplication))]
[JsonSerializable(typeof(JournalKeySet))]
public sealed partial class InstanceJson : JsonSerializerContext;
