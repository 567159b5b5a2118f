using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>A personal member of an event and of a state: sealed by the command handler that wrote the event
/// (<see cref="CommandContext.Seal{T}"/>), and from then on moved about as the same bytes.</summary>
/// <remarks>An event handler moves it into the state and is given nothing that opens it, so that states are the same in
/// a region that has the subject's key and in one that has not. Command and query handlers open it
/// (<see cref="CommandContext.Open{T}"/>, <see cref="QueryContext.Open{T}"/>). Its JSON form is
/// <c>{"box":"…"}</c> in Base64, by the application's own source-generated contract. Immutable; equal when the bytes
/// are.</remarks>
/// <typeparam name="T">What was sealed.</typeparam>
public sealed class Sealed<T> : IEquatable<Sealed<T>>
{
    private readonly SealedBox parts;

    /// <summary>A box that was stored or received.</summary>
    /// <exception cref="JsonException">It is none, or too large (<see cref="SealedBox.MaxBytes"/>).</exception>
    [JsonConstructor]
    public Sealed(ReadOnlyMemory<byte> box)
        => (Box, parts) = (box, SealedBox.TryRead(box, out var read) ? read
            : throw new JsonException("A sealed member is malformed."));

    /// <summary>The bytes.</summary>
    [JsonPropertyName("box")]
    public ReadOnlyMemory<byte> Box { get; }

    /// <summary>Whose it is; not sealed.</summary>
    [JsonIgnore]
    public string Subject => parts.Subject;

    /// <summary>The name that it was sealed under; not sealed.</summary>
    [JsonIgnore]
    public string Field => parts.Field;

    internal SealedBox Parts => parts;

    /// <inheritdoc />
    public bool Equals(Sealed<T>? other) => other is not null && Box.Span.SequenceEqual(other.Box.Span);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as Sealed<T>);

    /// <inheritdoc />
    public override int GetHashCode() => parts.KeyId.GetHashCode() ^ Box.Length;

    /// <summary>Nothing of what is sealed, nor whose it is.</summary>
    public override string ToString() => "sealed";
}

/// <summary>Why a personal member cannot be read. It is no failure of the request: whoever asks has to say what it
/// means to him.</summary>
public enum Unreadable
{
    /// <summary>This region does not have the key: it may not have it, or it has not arrived yet.</summary>
    NoKey,

    /// <summary>The subject was forgotten: nobody has the key any more.</summary>
    Forgotten,

    /// <summary>It was altered, belongs to another entity, or is not of the form that it is read as.</summary>
    Altered,

    /// <summary>The subject was not forgotten, and every region that may have the key has said that it does not: it was
    /// lost with a journal. Should it turn up again, it is asked for.</summary>
    Lost,

    /// <summary>Whether the subject was forgotten nobody can say here: its own entity is parked; or this region's
    /// journal was set back, and has not caught up with another region since; or this region was removed from its
    /// group.</summary>
    Unclear,
}

/// <summary>A personal member that was opened, or why it could not be.</summary>
/// <remarks>Without a value of its own it is <see cref="Unreadable.NoKey"/>. Its text form shows no value.</remarks>
public readonly struct Opened<T>
{
    private readonly T? value;
    private readonly Unreadable why;

    /// <summary>It was read.</summary>
    public Opened(T value) => (this.value, IsReadable) = (value, true);

    /// <summary>It could not be read.</summary>
    public Opened(Unreadable why) => this.why = why;

    /// <summary>It was read.</summary>
    public bool IsReadable { get; }

    /// <summary>The value, or false when it cannot be read.</summary>
    public bool TryGet([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T opened)
    {
        opened = value;
        return IsReadable;
    }

    /// <summary>One answer for both cases.</summary>
    public TAnswer Match<TAnswer>(Func<T, TAnswer> readable, Func<Unreadable, TAnswer> unreadable)
        => IsReadable ? readable(value!) : unreadable(why);

    /// <summary>Whether it could be read, and if not, why.</summary>
    public override string ToString() => IsReadable ? "readable" : why.ToString();
}
