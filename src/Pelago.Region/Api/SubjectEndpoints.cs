using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pelago.Api;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Subjects of a service's personal members: the service's instance has the keys and deletes them, and the
/// region passes on. Neither addresses nor logs show a subject's name: it may itself be personal.</summary>
internal sealed class SubjectEndpoints(
    RegionStatus status, InstanceProbe probe, InstanceStarter starter, ILogger log)
{
    /// <summary>How a subject is here.</summary>
    public Task LookAsync(HttpContext context) => ServeAsync(context, SubjectEndpoint.LookPath);

    /// <summary>Erases a subject, and writes down that it was asked for.</summary>
    public Task EraseAsync(HttpContext context)
    {
        var (project, name) = ServiceInspection.NamesOf(context);
        return LoggedAsync(log, status.Has(project, name) ? $"{project}/{name}" : "an unknown service",
            () => ServeAsync(context, SubjectEndpoint.ErasePath));
    }

    /// <summary>Writes down what came of an erasure, also when it came to nothing.</summary>
    public static async Task LoggedAsync(ILogger log, string service, Func<Task<string>> erase)
    {
        var outcome = "the region failed";
        try
        {
            outcome = await erase();
        }
        catch (OperationCanceledException)
        {
            outcome = "nobody waited for the answer";
            throw;
        }
        finally
        {
            Log.SubjectErasureAsked(log, service, outcome);
        }
    }

    // 1. the document and the name in it  2. there is such a service, and an instance that answers  3. it agrees
    private async Task<string> ServeAsync(HttpContext context, string path)
    {
        var (project, name) = ServiceInspection.NamesOf(context);
        // 1.
        var (asked, failure) = await JsonBody.ReadAsync(
            context.Request, SubjectJson.Default.SubjectRequest, context.RequestAborted);
        failure ??= EntityKey.CheckId(asked!.Subject, "subject");
        // 2.
        if (failure is null && !status.Has(project, name))
            failure = ServiceInspection.NoService;
        var view = failure is null ? await AskAsync($"{project}/{name}", path, asked!, context.RequestAborted) : null;
        if (failure is null && view is null)
            failure = ServiceInspection.NoInstance(project, name);
        // 3.
        if (view?.Failure is { } said)
        {
            failure = new Failure(ErrorCodes.All.GetValueOrDefault(said.Code) ?? ErrorCodes.NoReadyInstance,
                said.Message, said.Next);
        }
        if (failure is not null)
        {
            await Problems.WriteAsync(context, failure);
            return failure.Error.Code;
        }
        await context.Response.WriteAsJsonAsync(view!, SubjectJson.Default.SubjectView,
            cancellationToken: context.RequestAborted);
        return view!.State;
    }

    private async Task<SubjectView?> AskAsync(
        string key, string path, SubjectRequest asked, CancellationToken cancellationToken)
        => status.ReadyInstanceOf(key) is { } instance
            ? await probe.SubjectAsync(instance, path, starter.IngressSecretOf(instance), asked, cancellationToken)
            : null;
}
