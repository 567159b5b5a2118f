using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Which frames may come when, in one direction of one link. Whoever carries frames asks it of each one that
/// has arrived, in a service and in the simulator alike, before the kernel sees it. Not thread-safe.</summary>
/// <param name="peer">Region at the other end, as its verified identity says.</param>
public sealed class FrameOrder(string peer)
{
    private bool greeted;

    /// <summary>Before a hello a peer may only say why there will be none. A region that was removed while it was cut
    /// off is told the configuration that it is not in, and then goodbye: it is the one way in which it can learn of
    /// it, and it goes on acknowledging writes until it does.</summary>
    internal static bool MayPrecedeHello(Frame frame) => frame is ConfigurationFrame or GoodbyeFrame;

    /// <summary>Takes the next frame.</summary>
    /// <exception cref="PelagoException">It may not come now: the link has to end.</exception>
    public void Check(Frame frame)
    {
        if (frame is HelloFrame hello)
        {
            if (greeted || hello.Region != peer)
                throw Broken("a hello is repeated, or names another region than the certificate");
            greeted = true;
        }
        else if (!greeted && !MayPrecedeHello(frame))
        {
            throw Broken("the first frame is no hello");
        }
    }

    private static PelagoException Broken(string rule)
        => new Failure(ErrorCodes.ProtocolViolation, $"The peer broke the protocol: {rule}.",
            "Upgrade the older side.").ToException();
}
