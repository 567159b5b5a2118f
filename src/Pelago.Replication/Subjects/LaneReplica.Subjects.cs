using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>Subjects of this lane. Their keys commit with the rows that name them or, when they come later, with a
/// group of their own; a forgotten subject's go in the transaction of the event that says so.</remarks>
internal sealed partial class LaneReplica
{
    /// <summary>The entity, if it is in memory as the journal has it.</summary>
    public EntityReplica? FindReadable(EntityKey key)
    {
        if (!entities.TryGetValue(key, out var entity) || !entity.IsReadable)
            return null;
        entity.LastUsedMilliseconds = context.Now.MonotonicMilliseconds;
        return entity;
    }

    /// <summary>Runs something on an entity as soon as it is in memory.</summary>
    public void With(EntityKey key, Action<EntityReplica> run) => WithEntity(key, run);

    /// <summary>A comparison found that keys are lacking: looks again, and asks for them.</summary>
    public void LookForKeys(EntityKey subject) => WithEntity(subject, TendSubject);

    /// <summary>A key arrived that was asked for.</summary>
    public void TakeKey(SubjectKey key) => WithEntity(key.Subject, subject =>
    {
        context.Subjects.Exchange.Settle(new SubjectKeyName(key.Subject.Id, key.Id));
        if (Fenced)
            return;
        if (subject.IsForgotten)
            context.Hit(Probe.LateKeyRefused);
        else if (subject.Unusable is null && ((SubjectState)subject.Fold.State).IsNamed(key.Id)
            && !subject.Keys.ContainsKey(key.Id))
            KeepKey(subject, key);
    });

    /// <summary>Nobody knows here whether the subject was forgotten: it is parked, or the journal was set
    /// back.</summary>
    public bool IsUnclear(EntityReplica subject) => subject.Unusable is not null || MayLackForgettings;

    /// <summary>Tells, once that is durable, that a key is here, or that nobody is to have it any more. Of a subject
    /// that may have been forgotten its keys open nothing here and are given to nobody: they do not count.</summary>
    /// <returns>False, and nothing is told, while neither is so.</returns>
    public bool WhenHeld(EntityReplica subject, SubjectKeyId id, Action told)
    {
        if (Fenced || (!subject.IsForgotten && (IsUnclear(subject) || !subject.Keys.ContainsKey(id))))
            return false;
        if (subject.Pending == 0)
            told();
        else
            subject.NewestGroup!.Noted.Add(told);
        return true;
    }

    private void KeepKey(EntityReplica subject, SubjectKey key)
    {
        subject.Keys.Add(key.Id, key);
        filling.SubjectKeys.Add(key);
        Touch(subject);
        TellAsked(new SubjectKeyName(subject.Key.Id, key.Id));
        context.Hit(Probe.SubjectKeyKept);
    }

    // Whoever has asked whether a key is durable here is told with the group that makes it so.
    private void TellAsked(SubjectKeyName name)
    {
        if (context.Subjects.Holders.TakeAsked(name) is { } tell)
            filling.Noted.Add(tell);
    }

    // What its events say, and what is here: keys that nobody is to have go, and those that are lacking are asked for.
    // Of one that is parked nobody knows what is lacking; that it was forgotten may be known all the same.
    private void TendSubject(EntityReplica subject)
    {
        if (subject.Key.Type != SubjectType.Name || Fenced || !subject.IsReadable)
            return;
        if (subject.IsForgotten)
        {
            Forget(subject);
            return;
        }
        if (subject.Unusable is not null)
            return;
        foreach (var made in ((SubjectState)subject.Fold.State).Keys)
        {
            var name = made.NameOf(subject.Key.Id);
            if (subject.Keys.ContainsKey(name.Id))
                continue;
            if (context.Subjects.Exchange.TakeEarly(name.Subject, name.Id) is { } early)
                KeepKey(subject, early);
            else
                context.Subjects.Exchange.Want(name, made.Region);
        }
    }

    // Whatever it waits for: no event takes it back, and what is personal is not shown until its causes have come.
    // Deleted keys stay deleted; that the event came is known until this process ends, and then it comes again.
    private void ForgetAhead(EntityReplica subject, EventRecord e)
    {
        if (!SubjectType.Forgets(e) || subject.IsForgotten)
            return;
        subject.WasToldToForget = true;
        context.Hit(Probe.ForgottenAhead);
        Forget(subject);
    }

    private void Forget(EntityReplica subject)
    {
        if (subject.Fold.State is SubjectState state)
        {
            foreach (var made in state.Keys)
                Settle(made.NameOf(subject.Key.Id));
        }
        if (subject.Keys.Count > 0)
            DropKeys(subject);
    }

    private void Settle(SubjectKeyName name)
    {
        context.Subjects.Exchange.Settle(name);
        TellAsked(name);
        if (context.Subjects.Holders.IsWatched(name))
            filling.Noted.Add(() => context.Subjects.Holders.Over(name));
    }

    private void DropKeys(EntityReplica subject)
    {
        subject.Keys.Clear();
        filling.SubjectKeys.RemoveAll(k => k.Subject == subject.Key);
        filling.ForgottenSubjects.Add(subject.Key);
        Touch(subject);
        context.Hit(Probe.SubjectForgotten);
    }

    // Runs a handler again with the keys that it lacked.
    private void RunAgain(EntityRequest request)
        => context.Subjects.Prepare(request, failure =>
        {
            if (failure is null)
                Ask(request);
            else
                Fail(request, failure);
        });
}
