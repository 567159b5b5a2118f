namespace Pelago.Journal;

/// <summary>Wraps and unwraps data keys under a key-encryption key (KEK): a file, a command, a KMS. The KEK itself
/// never reaches the journal.</summary>
public interface IKeyEncryption
{
    /// <summary>Wraps or unwraps one key, or renews the KEK.</summary>
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

    /// <summary>Make a new KEK: what is wrapped from then on is wrapped under it, and what was wrapped before still
    /// opens. Content and context are empty, and so is the answer's content; its id is the new KEK's. A provider that
    /// rotates by itself may answer with its newest.</summary>
    Renew,
}

/// <summary>A request to a KEK.</summary>
/// <param name="KekId">The KEK to use; empty unless unwrapping.</param>
/// <param name="Content">The key, or the wrapped key.</param>
/// <param name="Context">Authenticated with it and not stored by the provider: says what the key is for.</param>
public sealed record KeyRequest(
    KeyOperation Operation, string KekId, ReadOnlyMemory<byte> Content, ReadOnlyMemory<byte> Context);

/// <summary>A KEK's answer: the wrapped key (or the key), and the KEK's id.</summary>
public sealed record KeyReply(string KekId, byte[] Content);
