namespace Pelago.Replication;

/// <summary>How the registers of a kernel reach journal, links and whoever waits.</summary>
/// <remarks>Questions travel on the link that this region dialled, like everything that it asks for; answers go back on
/// the link of their question.</remarks>
internal sealed class RegisterLinks(KernelContext context, PeerLinks links, InstanceKernel kernel) : IRegisterShell
{
    public long NowMilliseconds => context.Now.MonotonicMilliseconds;

    public long WallMilliseconds => context.Now.WallMilliseconds;

    public ulong NextRandom() => context.NextRandom();

    public void Ask(string region, Frame frame)
    {
        if (links.Way(region) is { } link)
            context.Emit(new SendFrame(link, frame));
    }

    public void Answer(string region, long link, Frame frame)
    {
        if (links.Stands(link))
            context.Emit(new SendFrame(link, frame));
    }

    public bool Owns(int lane) => !kernel.Lane(lane).Fenced;

    public void Keep(int lane, LaneNote note, Action durable) => kernel.Lane(lane).Keep(note, durable);

    public void Done(RegisterRequest request, RegisterResult result)
    {
        if (request.Waiter is Membership membership)
            membership.Decided(request, result);
        else if (request.Waiter is Primaries primaries)
            primaries.Decided(request, result);
        else
            context.Emit(new RegisterDone(request, result));
    }

    public void Alarm(AlarmKind kind, string text) => context.Alarm(kind, text);

    public void Hit(Probe probe) => context.Hit(probe);
}
