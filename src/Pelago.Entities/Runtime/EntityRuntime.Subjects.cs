using Pelago.Replication;

namespace Pelago.Entities;

public sealed partial class EntityRuntime
{
    /// <summary>Forgets a subject: its keys go, here at once and in every other region when it hears of it. Nothing
    /// that is sealed of it can be read any more, and nothing more is sealed.</summary>
    /// <param name="subject">As it was given when something of it was sealed; checked here.</param>
    /// <returns>False when it was forgotten before.</returns>
    public ValueTask<EntityReply<bool>> ForgetAsync(
        string subject, RequestOptions request, CancellationToken cancellationToken)
        => SendAsync(SubjectType.Type, subject, SubjectType.Forget, request, cancellationToken);

    /// <summary>How a subject stands in this region: what it says is durable here.</summary>
    public ValueTask<EntityReply<SubjectStanding>> LookAtSubjectAsync(
        string subject, RequestOptions request, CancellationToken cancellationToken)
        => ReadAsync(SubjectType.Type, subject, view => SubjectType.StandingOf(view.State), request,
            cancellationToken);
}
