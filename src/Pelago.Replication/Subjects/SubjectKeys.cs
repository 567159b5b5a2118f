using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Keys of subjects in this region: in memory with the entity of their subject, made where something is first
/// sealed, and exchanged with other regions.</summary>
internal sealed class SubjectKeys
{
    private const int MaxRounds = 8;
    private readonly KernelContext context;
    private readonly InstanceKernel kernel;

    public SubjectKeys(KernelContext context, PeerLinks links, InstanceKernel kernel)
    {
        (this.context, this.kernel) = (context, kernel);
        Exchange = new KeyExchange(context, links, kernel);
        Holders = new KeyHolders(context, links, kernel);
        Session = new SealingSession(context, kernel);
    }

    public KeyExchange Exchange { get; }

    public KeyHolders Holders { get; }

    /// <summary>Of the handler that runs now.</summary>
    public SealingSession Session { get; }

    /// <summary>The subject's entity, or null while it has to be read from the journal.</summary>
    public EntityReplica? InMemory(string subject)
    {
        var key = SubjectType.KeyOf(subject);
        return kernel.Lane(key.Lane).FindReadable(key);
    }

    /// <summary>A peer asks for keys or about them, or gives some, or says which it holds or lacks.</summary>
    public void Received(PeerLink link, Frame frame)
    {
        switch (frame)
        {
            case SubjectKeysHeldAskFrame ask:
                Holders.Received(link, ask);
                break;
            case SubjectKeysHeldFrame held:
                Holders.Received(link, held);
                break;
            default:
                Exchange.Received(link, frame);
                break;
        }
    }

    /// <summary>A new process of a region answers: what the former one said of keys counts no more.</summary>
    public void Forget(string region)
    {
        Exchange.Forget(region);
        Holders.Forget(region);
    }

    /// <summary>Asks for what is due.</summary>
    public void Tick()
    {
        Exchange.Tick();
        Holders.Tick();
    }

    /// <summary>Fetches and makes the keys that a run of a handler lacked, and then runs it again.</summary>
    /// <param name="again">Runs it again, or ends it with a failure.</param>
    public void Prepare(EntityRequest request, Action<Failure?> again)
    {
        if (++request.KeyRounds > MaxRounds)
        {
            again(new Failure(ErrorCodes.Overloaded,
                "Keys of the request's subjects were pushed out of memory again and again.",
                "Ask for fewer subjects at once, or give the service more memory for entities."));
            return;
        }
        context.Hit(Probe.SubjectKeysFetched);
        var (toLoad, toMake) = (Session.ToLoad, Session.ToMake);
        var open = toLoad.Count + toMake.Count;
        var failure = default(Failure);
        foreach (var subject in toLoad)
            Load(subject, request.DeadlineMilliseconds, Step);
        foreach (var subject in toMake)
            Make(subject, request.DeadlineMilliseconds, Step);

        void Step(RequestResult result)
        {
            failure ??= result.Failure;
            if (--open == 0)
                again(failure);
        }
    }

    // Answered once all that the entity holds is durable.
    private void Load(string subject, long deadline, Action<RequestResult> done)
    {
        var key = SubjectType.KeyOf(subject);
        kernel.Lane(key.Lane).Ask(new ReadRequest
        {
            Entity = key, Project = static _ => null, DeadlineMilliseconds = deadline, Done = done,
        });
    }

    // Two requests may find that there is no key before either has made one: the second one waits for the first one's.
    private void Make(string subject, long deadline, Action<RequestResult> done)
    {
        var entity = SubjectType.KeyOf(subject);
        var bytes = context.Secret(SubjectKey.KeyBytes);
        var made = new SubjectKey(entity, SubjectKeyId.Of(subject, bytes), bytes);
        var lane = kernel.Lane(entity.Lane);
        lane.Ask(new CommandRequest
        {
            Entity = entity, Command = new MakeSubjectKey(made), DeadlineMilliseconds = deadline,
            Handle = (state, _, _) => (lane.FindReadable(entity)?.Keys.Count > 0
                ? Effect.Reply<SubjectState, bool>(true) : SubjectType.Make((SubjectState)state, made.Id)).Decision,
            Done = result =>
            {
                if (result.Failure is null)
                    Exchange.Push(made);
                done(result);
            },
        });
    }
}
