namespace Pelago.Journal;

/// <summary>Wraps and unwraps data keys under a key-encryption key (KEK): a file, a command, a KMS. The KEK itself
/// never reaches the journal.</summary>
public interface IKeyEncryption
{
    /// <summary>Wraps or unwraps one key.</summary>
    /// <exception cref="Pelago.Model.PelagoException">The KEK is missing, wrong or refused (PLG4004, PLG4005, PLG4008).
    /// </exception>
    ValueTask<KeyReply> ApplyAsync(KeyRequest request, CancellationToken cancellationToken);
}

/// <summary>What is asked of a KEK.</summary>
public enum KeyOperation
{
    /// <summary>Encrypt under the newest KEK, making one when none was ever made.</summary>
    Wrap,

    /// <summary>Decrypt under the KEK that is named; never make one.</summary>
    Unwrap,
}

/// <summary>A request to a KEK.</summary>
/// <param name="KekId">The KEK to use; empty when wrapping.</param>
/// <param name="Content">The key, or the wrapped key.</param>
/// <param name="Context">Authenticated with it and not stored by the provider: says what the key is for.</param>
public sealed record KeyRequest(
    KeyOperation Operation, string KekId, ReadOnlyMemory<byte> Content, ReadOnlyMemory<byte> Context);

/// <summary>A KEK's answer: the wrapped key (or the key), and the KEK's id.</summary>
public sealed record KeyReply(string KekId, byte[] Content);
