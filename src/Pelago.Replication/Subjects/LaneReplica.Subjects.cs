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
        if (Fenced || subject.Unusable is not null || subject.Fold.State is not SubjectState state)
            return;
        if (state.Forgotten)
            context.Hit(Probe.LateKeyRefused);
        else if (state.Keys.Any(k => k.Key == key.Id.ToString()) && !subject.Keys.ContainsKey(key.Id))
            KeepKey(subject, key);
    });

    private void KeepKey(EntityReplica subject, SubjectKey key)
    {
        subject.Keys.Add(key.Id, key);
        filling.SubjectKeys.Add(key);
        Touch(subject);
        context.Hit(Probe.SubjectKeyKept);
    }

    // What its events say, and what is here: keys that nobody is to have go, and those that are lacking are asked for.
    private void TendSubject(EntityReplica subject)
    {
        if (subject.Key.Type != SubjectType.Name || Fenced || !subject.IsReadable || subject.Unusable is not null
            || subject.Fold.State is not SubjectState state)
            return;
        foreach (var made in state.Keys)
        {
            var name = new SubjectKeyName(subject.Key.Id, SubjectKeyId.Parse(made.Key));
            if (state.Forgotten)
                context.Subjects.Exchange.Settle(name);
            else if (subject.Keys.ContainsKey(name.Id))
                continue;
            else if (context.Subjects.Exchange.TakeEarly(name.Subject, name.Id) is { } early)
                KeepKey(subject, early);
            else
                context.Subjects.Exchange.Want(name, made.Region);
        }
        if (state.Forgotten && subject.Keys.Count > 0)
            DropKeys(subject);
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
