using System.Globalization;
using System.Net.Http.Headers;
using Pelago.Model;

namespace Pelago.Client;

/// <summary>The Execution API of one region. Every method throws <see cref="PelagoException"/> with the server's
/// code.</summary>
public sealed class RegionClient(ApiAddress api, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan TransferTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);

    private readonly ApiConnection _connection = new(api);

    /// <summary>What runs there and how far it has replicated.</summary>
    public Task<RegionView> GetStatusAsync(CancellationToken cancellationToken)
        => _connection.GetAsync("/v1/status", RegionJson.Default.RegionView, cancellationToken);

    /// <summary>Services of a project, or of all with null.</summary>
    public Task<ServiceList> ListServicesAsync(string? project, CancellationToken cancellationToken)
        => _connection.GetAsync(
            project is null ? "/apis/pelago.dev/v1/services"
            : $"/apis/pelago.dev/v1/namespaces/{Uri.EscapeDataString(project)}/services",
            ResourceJson.Default.ServiceList, cancellationToken);

    /// <summary>One service.</summary>
    public Task<ServiceResource> GetServiceAsync(string project, string name, CancellationToken cancellationToken)
        => _connection.GetAsync(PathOf(project, name), ResourceJson.Default.ServiceResource, cancellationToken);

    /// <summary>Creates or replaces a service. With a resource version, only if it is still the present one.</summary>
    public Task<ServiceResource> PutServiceAsync(ServiceResource service, CancellationToken cancellationToken)
        => _connection.SendAsync(HttpMethod.Put, PathOf(service.Metadata.Namespace, service.Metadata.Name), service,
            ResourceJson.Default.ServiceResource, ResourceJson.Default.ServiceResource, cancellationToken);

    /// <summary>Whether the region has an artifact.</summary>
    public async Task<bool> HasArtifactAsync(string digest, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, ArtifactPath(digest));
        try
        {
            using var response = await _connection.SendAsync(request, api.Timeout, cancellationToken)
                .ConfigureAwait(false);
            return true;
        }
        catch (PelagoException e) when (e.Failure.Error.HttpStatus is 404 or 500)
        {
            // A HEAD answer has no body, so its code cannot be told apart; the upload that follows tells.
            return false;
        }
    }

    /// <summary>Uploads an artifact. The region shows it only when its content has the digest.</summary>
    /// <param name="digest"><c>sha256:</c> and hexadecimal digits.</param>
    /// <param name="content">Read from its present position to its end.</param>
    /// <param name="length">Bytes that follow.</param>
    /// <param name="progress">Told the number of bytes sent so far; may be null.</param>
    /// <param name="cancellationToken">Gives up; the region keeps nothing.</param>
    public async Task UploadArtifactAsync(
        string digest, Stream content, long length, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var body = new ProgressContent(content, length, progress);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var request = new HttpRequestMessage(HttpMethod.Put, ArtifactPath(digest)) { Content = body };
        using var response = await _connection.SendAsync(request, TransferTimeout, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Digests of the state of a service's entities in this region, as its instance gives them
    /// (JSON).</summary>
    public Task<string> GetDigestsAsync(string project, string name, CancellationToken cancellationToken)
        => _connection.GetTextAsync(
            $"/v1/verify/{Uri.EscapeDataString(project)}/{Uri.EscapeDataString(name)}", cancellationToken);

    /// <summary>What the region holds of every entity of a slice.</summary>
    public Task<SliceEntitiesView> GetEntityDigestsAsync(
        string project, string name, int slice, CancellationToken cancellationToken)
        => _connection.GetAsync(string.Create(CultureInfo.InvariantCulture,
            $"/v1/verify/{Uri.EscapeDataString(project)}/{Uri.EscapeDataString(name)}/slices/{slice}"),
            DigestJson.Default.SliceEntitiesView, cancellationToken);

    /// <summary>Every event that the region holds of an entity.</summary>
    public Task<EventDigestsView> GetEventDigestsAsync(
        string project, string name, string type, string id, CancellationToken cancellationToken)
        => _connection.GetAsync(
            $"/v1/verify/{Uri.EscapeDataString(project)}/{Uri.EscapeDataString(name)}/events"
            + $"?type={Uri.EscapeDataString(type)}&id={Uri.EscapeDataString(id)}",
            DigestJson.Default.EventDigestsView, cancellationToken);

    /// <summary>Quarantines an entity of which two regions hold different events under one name.</summary>
    /// <exception cref="PelagoException">PLG7001: the region does not hold that event.</exception>
    public Task QuarantineAsync(
        string project, string name, QuarantineRequest fork, CancellationToken cancellationToken)
        => _connection.SendAsync(HttpMethod.Post,
            $"/v1/quarantine/{Uri.EscapeDataString(project)}/{Uri.EscapeDataString(name)}", fork,
            DigestJson.Default.QuarantineRequest, cancellationToken);

    /// <summary>Deletes a service in every region.</summary>
    /// <returns>The service as it was.</returns>
    public async Task<ServiceResource> DeleteServiceAsync(
        string project, string name, CancellationToken cancellationToken)
        => await _connection.DeleteAsync(PathOf(project, name), ResourceJson.Default.ServiceResource, cancellationToken)
            .ConfigureAwait(false);

    /// <summary>A page of a service's conflict ledger.</summary>
    /// <param name="project">Its project.</param>
    /// <param name="name">Its name.</param>
    /// <param name="after">Cursor of the page before, or 0.</param>
    /// <param name="limit">Most entries, 1 to 1,000.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<ConflictPageView> GetConflictsAsync(
        string project, string name, long after, int limit, CancellationToken cancellationToken)
        => _connection.GetAsync(string.Create(CultureInfo.InvariantCulture,
            $"/v1/conflicts/{Uri.EscapeDataString(project)}/{Uri.EscapeDataString(name)}?after={after}&limit={limit}"),
            ConflictJson.Default.ConflictPageView, cancellationToken);

    /// <summary>Starts a run over a service's journal in this region, or joins the one under way.</summary>
    /// <param name="project">Its project.</param>
    /// <param name="name">Its name.</param>
    /// <param name="kind">One of <see cref="JournalRunKinds"/>.</param>
    /// <param name="type">Of a compaction: only entities of this type; null for all.</param>
    /// <param name="cancellationToken">Gives up; the run goes on.</param>
    /// <exception cref="PelagoException">PLG5043: another compaction is under way; PLG2005: there is no such
    /// type.</exception>
    public Task StartJournalRunAsync(
        string project, string name, string kind, string? type, CancellationToken cancellationToken)
        => _connection.SendAsync(HttpMethod.Post, JournalPath(project, name, kind), new JournalRunRequest(type),
            JournalRunJson.Default.JournalRunRequest, cancellationToken);

    /// <summary>How far the last run of a kind is.</summary>
    /// <exception cref="PelagoException">PLG7001: there was none since the service's instance began.</exception>
    public Task<JournalRunView> GetJournalRunAsync(
        string project, string name, string kind, CancellationToken cancellationToken)
        => _connection.GetAsync(
            JournalPath(project, name, kind), JournalRunJson.Default.JournalRunView, cancellationToken);

    /// <summary>How a subject of personal members is in this region.</summary>
    public Task<SubjectView> LookAtSubjectAsync(
        string project, string name, string subject, CancellationToken cancellationToken)
        => SubjectAsync(project, name, "look", new SubjectRequest(subject, Force: false), cancellationToken);

    /// <summary>Erases a subject: its keys are gone in this region when it answers, and in the others when they hear of
    /// it.</summary>
    /// <exception cref="PelagoException">PLG5063: the region does not know it, and it is not forced.</exception>
    public Task<SubjectView> EraseSubjectAsync(
        string project, string name, SubjectRequest subject, CancellationToken cancellationToken)
        => SubjectAsync(project, name, "erase", subject, cancellationToken);

    /// <summary>Who the members of the group are.</summary>
    public Task<MembersView> GetMembersAsync(CancellationToken cancellationToken)
        => _connection.GetAsync("/v1/members", MembersJson.Default.MembersView, cancellationToken);

    /// <summary>Adds a region to the group, or removes one. Asking again goes on from where it was.</summary>
    /// <exception cref="PelagoException">PLG5101 without a majority, PLG5203 to PLG5205 when it is refused.</exception>
    public Task<MembersView> ChangeMembersAsync(MembersChange change, CancellationToken cancellationToken)
        => _connection.SendAsync(HttpMethod.Post, "/v1/members", change, MembersJson.Default.MembersChange,
            MembersJson.Default.MembersView, cancellationToken);

    /// <summary>What the region finds out about itself; it dials its peers meanwhile.</summary>
    public Task<RegionDiagnosis> DiagnoseAsync(CancellationToken cancellationToken)
        => _connection.GetAsync("/v1/diagnosis", DiagnosisJson.Default.RegionDiagnosis, cancellationToken);

    /// <summary>Waits until the region shows what is waited for; a region that does not answer is asked
    /// again.</summary>
    /// <returns>The status that satisfied.</returns>
    /// <exception cref="PelagoException">PLG1107 when the time is over.</exception>
    public async Task<RegionView> WaitAsync(
        string what, Func<RegionView, bool> satisfied, TimeSpan limit, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            try
            {
                var view = await GetStatusAsync(cancellationToken).ConfigureAwait(false);
                if (satisfied(view))
                    return view;
            }
            catch (PelagoException e) when (e.Failure.Error == ErrorCodes.ServerUnreachable)
            {
                // It may be starting.
            }
            if (clock.GetElapsedTime(started) >= limit)
                throw new Failure(ErrorCodes.RoleNotReady,
                    $"{api.Address.Host}: {what} took longer than {limit.TotalSeconds:0} s.",
                    "Look at 'pelago status' and 'pelago logs'.").ToException();
            await Task.Delay(PollInterval, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _connection.Dispose();

    private static string PathOf(string project, string name)
        => $"/apis/pelago.dev/v1/namespaces/{Uri.EscapeDataString(project)}/services/{Uri.EscapeDataString(name)}";

    private Task<SubjectView> SubjectAsync(
        string project, string name, string act, SubjectRequest subject, CancellationToken cancellationToken)
        => _connection.SendAsync(HttpMethod.Post,
            $"/v1/subjects/{Uri.EscapeDataString(project)}/{Uri.EscapeDataString(name)}/{act}", subject,
            SubjectJson.Default.SubjectRequest, SubjectJson.Default.SubjectView, cancellationToken);

    private static string JournalPath(string project, string name, string kind)
        => $"/v1/journal/{Uri.EscapeDataString(project)}/{Uri.EscapeDataString(name)}/{kind}";

    private static string ArtifactPath(string digest) => $"/v1/artifacts/{Uri.EscapeDataString(digest)}";
}
