using System.Text.Json.Serialization.Metadata;

namespace Pelago.Replication;

/// <summary>How a command is written when another region is asked to carry it out.</summary>
/// <param name="Name">Registered name, never a CLR name.</param>
/// <param name="Command">CLR type of the command.</param>
/// <param name="Reply">CLR type of its reply.</param>
/// <param name="Json">JSON contract of the command.</param>
public sealed record CommandForm(string Name, Type Command, Type Reply, JsonTypeInfo Json);

/// <summary>A command as it is sent to its entity's primary.</summary>
/// <param name="Name">Registered name of the command.</param>
/// <param name="Encode">Writes it.</param>
/// <param name="Fingerprint">Of the request that its key stands for, or empty.</param>
/// <param name="DecodeReply">Reads the primary's reply.</param>
public sealed record ForwardableCommand(
    string Name, Func<byte[]> Encode, ReadOnlyMemory<byte> Fingerprint,
    Func<ReadOnlyMemory<byte>, object?> DecodeReply);
