using System.Globalization;
using Microsoft.AspNetCore.Http;
using Pelago.Api;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Services as resources, in the protocol of Kubernetes: <c>Status</c> errors, every error at once, resource
/// versions as preconditions.</summary>
internal sealed class ServiceEndpoints(
    ServiceResources resources, ArtifactStore artifacts, RegionConfig config, RegionStatus status)
{
    public async Task ListAsync(HttpContext context)
    {
        var project = (string?)context.Request.RouteValues["project"];
        var items = resources.All.Where(s => project is null || s.Project == project).ToList();
        var heard = await status.HeardAsync(context.RequestAborted);
        var version = items.Aggregate(0ul, (sum, s) => sum + s.Events);
        await context.Response.WriteAsJsonAsync(
            new ServiceList(new ListMetadata(ServiceVersions.Text(version)),
                [.. items.Select(item => Resource(item, heard))]),
            ResourceJson.Default.ServiceList, cancellationToken: context.RequestAborted);
    }

    public async Task GetAsync(HttpContext context)
    {
        var (project, name) = Address(context);
        if (NamesFailure(project, name) is null
            && await resources.FindAsync(project, name, context.RequestAborted) is { } found)
            await WriteAsync(context, found, StatusCodes.Status200OK);
        else
            await StatusErrors.WriteAsync(context, name, NotFound(project, name));
    }

    public Task CreateAsync(HttpContext context) => PutAsync(context, mustBeNew: true);

    public Task ReplaceAsync(HttpContext context) => PutAsync(context, mustBeNew: false);

    public async Task DeleteAsync(HttpContext context)
    {
        var (project, name) = Address(context);
        var (service, failure) = NamesFailure(project, name) is null
            ? await resources.DeleteAsync(project, name, context.Request.Query["resourceVersion"],
                context.RequestAborted)
            : (null, NotFound(project, name));
        if (service is null)
            await StatusErrors.WriteAsync(context, name, failure!);
        else
            await WriteAsync(context, service, StatusCodes.Status200OK);
    }

    /// <summary>Stops: 1. the body is JSON, 2. it is a service and the one of the address, 3. its artifact is here, so
    /// that the peers can get it, 4. the entity takes it.</summary>
    private async Task PutAsync(HttpContext context, bool mustBeNew)
    {
        // 1.
        var (project, name) = Address(context);
        var (document, malformed) = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        if (document is null)
        {
            await StatusErrors.WriteAsync(context, name, malformed!);
            return;
        }

        // 2.
        ServiceResource? service;
        using (document)
        {
            var failures = ServiceParser.Parse(document.RootElement, project, mustBeNew ? null : name, out service);
            if (service is null)
            {
                await StatusErrors.WriteAsync(context, name, failures);
                return;
            }
        }

        // 3.
        if (artifacts.Find(service.Spec.Artifact) is null)
        {
            await StatusErrors.WriteAsync(context, service.Metadata.Name, new Failure(ErrorCodes.InvalidField,
                "The artifact is not in this region.", $"Upload it with PUT /v1/artifacts/{service.Spec.Artifact}.",
                    "spec.artifact"));
            return;
        }

        // 4.
        var (stored, refused) = await resources.PutAsync(service, mustBeNew, context.RequestAborted);
        if (stored is null)
            await StatusErrors.WriteAsync(context, service.Metadata.Name, refused!);
        else
            await WriteAsync(context, stored, mustBeNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private ServiceResource Resource(KnownService known, IReadOnlyList<PeerReplication> heard)
    {
        var state = known.State;
        var metadata = new ObjectMetadata(known.Name, known.Project)
        {
            Uid = state.Uid,
            ResourceVersion = ServiceVersions.Text(known.Events),
            Generation = state.Generation,
            CreationTimestamp = DateTimeOffset.FromUnixTimeMilliseconds(state.CreatedMilliseconds)
                .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            Labels = state.Labels.IsEmpty ? null : state.Labels,
            Annotations = state.Annotations.IsEmpty ? null : state.Annotations,
        };
        return new ServiceResource(metadata, state.ToSpec(), status.ResourceStatusOf(known, heard));
    }

    private async Task WriteAsync(HttpContext context, KnownService known, int code)
    {
        context.Response.StatusCode = code;
        context.Response.Headers["Pelago-Region"] = config.Region;
        await context.Response.WriteAsJsonAsync(
            Resource(known, await status.HeardAsync(context.RequestAborted)), ResourceJson.Default.ServiceResource,
            cancellationToken: context.RequestAborted);
    }

    private static (string Project, string Name) Address(HttpContext context)
        => ((string)context.Request.RouteValues["project"]!, (string?)context.Request.RouteValues["name"] ?? "");

    private static Failure? NamesFailure(string project, string name)
        => Names.Check(project, "project name") ?? Names.CheckService(name);

    private static Failure NotFound(string project, string name)
        => new(ErrorCodes.ResourceNotFound, $"There is no service '{Shown(name)}' in project '{Shown(project)}'.",
            "List them with 'pelago status', or GET /apis/pelago.dev/v1/services.");

    private static string Shown(string name) => name.Length <= 64 ? name : name[..64] + "…";
}
