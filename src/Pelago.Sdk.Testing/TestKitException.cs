namespace Pelago.Sdk.Testing;

/// <summary>An entity type broke one of the rules that hold for all of them; the message says which, and shows it.
/// What a handler threw is the inner exception.</summary>
public sealed class TestKitException : Exception
{
    internal TestKitException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}
