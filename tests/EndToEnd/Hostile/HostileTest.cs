namespace Pelago.Tests.EndToEnd;

/// <summary>A test of the shared world, which finds it ready.</summary>
[Collection(nameof(HostileWorld))]
public abstract class HostileTest(HostileWorld hostile) : IAsyncLifetime
{
    /// <summary>The world.</summary>
    protected HostileWorld Hostile { get; } = hostile;

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => Hostile.EnsureReadyAsync();

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
