using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pelago.Client;
using Pelago.Entities;

namespace Pelago.Region;

/// <summary>What the last look at an instance showed.</summary>
/// <param name="Ready">It takes requests: it said so within the last five seconds, and has not said otherwise
/// since.</param>
/// <param name="LastAnswer">When it last answered at all; the time it was first looked at, before its first
/// answer.</param>
/// <param name="Answered">Whether it has answered since this process looks after it.</param>
internal sealed record ProbeResult(bool Ready, DateTimeOffset LastAnswer, bool Answered);

/// <summary>Asks instances how they are, on their management listener. Results are kept in memory only: after a restart
/// everybody is asked anew.</summary>
internal sealed class InstanceProbe(TimeProvider clock) : IDisposable
{
    private const int MaxAnswerBytes = 4 * 1024 * 1024;
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);

    // One slow answer on a busy machine is no reason to send its users away; a process that ended is seen by its pid.
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan InspectTimeout = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, ProbeResult> _results = new(StringComparer.Ordinal);
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false,
        UseCookies = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = MaxAnswerBytes,
    };

    /// <summary>The last result, or null before the first.</summary>
    public ProbeResult? Of(string id) => _results.GetValueOrDefault(id);

    /// <summary>Asks one instance and remembers the answer.</summary>
    public async Task ProbeAsync(InstanceState instance, CancellationToken cancellationToken)
    {
        var known = _results.GetOrAdd(instance.Id, _ => new ProbeResult(false, clock.GetUtcNow(), false));
        var status = await AskAsync(instance.ManagementUrl + "/ready", cancellationToken);
        _results[instance.Id] = status is null
            ? known with { Ready = known.Ready && clock.GetUtcNow() - known.LastAnswer < SilenceLimit }
            : new ProbeResult(status == HttpStatusCode.OK, clock.GetUtcNow(), true);
    }

    /// <summary>Forgets an instance that has ended.</summary>
    public void Forget(string id) => _results.TryRemove(id, out _);

    /// <summary>How far an instance has replicated; null when it does not say.</summary>
    public async Task<InstanceReplication?> ReplicationOfAsync(InstanceState instance,
        CancellationToken cancellationToken)
    {
        try
        {
            var text = await GetAsync(instance.ManagementUrl + "/v1/replication", ProbeTimeout, cancellationToken);
            return text is null ? null : JsonSerializer.Deserialize(text, InstanceJson.Default.InstanceReplication);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Version of Pelago that an instance is made with; null when it does not say.</summary>
    public async Task<string?> VersionOfAsync(InstanceState instance, CancellationToken cancellationToken)
    {
        try
        {
            var text = await GetAsync(instance.ManagementUrl + "/v1/about", ProbeTimeout, cancellationToken);
            return text is null ? null : JsonSerializer.Deserialize(text, InstanceJson.Default.InstanceAbout)?.Version;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Passes on a document of an instance's inspection interface; null when it does not answer with
    /// one.</summary>
    public Task<string?> InspectAsync(InstanceState instance, string path, CancellationToken cancellationToken)
        => GetAsync(instance.ManagementUrl + path, InspectTimeout, cancellationToken);

    /// <summary>Hands a document to an instance; null when it does not answer.</summary>
    /// <param name="secret">What proves that this region speaks.</param>
    public async Task<HttpStatusCode?> TellAsync<T>(InstanceState instance, string path, string secret, T body,
        JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(InspectTimeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, instance.ManagementUrl + path)
            {
                Content = JsonContent.Create(body, type),
            };
            request.Headers.TryAddWithoutValidation(ReplicationAccess.SecretHeader, secret);
            using var answer = await _http.SendAsync(request, limit.Token);
            return answer.StatusCode;
        }
        catch (Exception e) when (IsSilence(e, cancellationToken))
        {
            return null;
        }
    }

    /// <summary>The members of an instance's group, after a change if one is asked for; null when it does not
    /// answer.</summary>
    /// <param name="secret">What proves that this region speaks.</param>
    /// <param name="change">Null to look only.</param>
    public Task<GroupMembersView?> MembersAsync(
        InstanceState instance, string secret, MembersChange? change, CancellationToken cancellationToken)
        => ExchangeAsync(instance, MembersEndpoint.Path, secret,
            change is null ? null : JsonContent.Create(change, MembersJson.Default.MembersChange),
            MembersJson.Default.GroupMembersView, cancellationToken);

    /// <summary>How a subject is in an instance, after it was erased if that is asked for; null when it does not
    /// answer.</summary>
    /// <param name="path">A path of <see cref="SubjectEndpoint"/>.</param>
    /// <param name="secret">What proves that this region speaks.</param>
    public Task<SubjectView?> SubjectAsync(
        InstanceState instance, string path, string secret, SubjectRequest asked, CancellationToken cancellationToken)
        => ExchangeAsync(instance, path, secret, JsonContent.Create(asked, SubjectJson.Default.SubjectRequest),
            SubjectJson.Default.SubjectView, cancellationToken);

    // Gets a document when there is nothing to hand over.
    private async Task<T?> ExchangeAsync<T>(InstanceState instance, string path, string secret, JsonContent? body,
        JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(InspectTimeout);
        try
        {
            using var request = new HttpRequestMessage(
                body is null ? HttpMethod.Get : HttpMethod.Post, instance.ManagementUrl + path)
            {
                Content = body,
            };
            request.Headers.TryAddWithoutValidation(ReplicationAccess.SecretHeader, secret);
            using var answer = await _http.SendAsync(request, limit.Token);
            return !answer.IsSuccessStatusCode ? null : await answer.Content.ReadFromJsonAsync(type, limit.Token);
        }
        catch (Exception e) when (e is JsonException || IsSilence(e, cancellationToken))
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpStatusCode?> AskAsync(string url, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ProbeTimeout);
        try
        {
            using var answer = await _http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return answer.StatusCode;
        }
        catch (Exception e) when (IsSilence(e, cancellationToken))
        {
            return null;
        }
    }

    private async Task<string?> GetAsync(string url, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            using var answer = await _http.GetAsync(url, limit.Token);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(limit.Token) : null;
        }
        catch (Exception e) when (IsSilence(e, cancellationToken))
        {
            return null;
        }
    }

    private static bool IsSilence(Exception e, CancellationToken cancellationToken)
        => e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
